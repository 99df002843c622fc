// Copies of the page's <template>s, and what is done with them again and again. Text is always set as text.

/** A copy of the first element of the template with that id. */
export function copy(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

/** Sets the text of parts of `root` by selector; hides those whose text is empty. */
export function tell(root, texts) {
  for (const [selector, text] of Object.entries(texts)) {
    const element = root.querySelector(selector);
    element.textContent = text ?? "";
    element.hidden = !text;
  }
}

/** Runs `work` on a click of `button`, which stands still meanwhile; what goes wrong is told in `trouble`. */
export function onClick(button, trouble, work) {
  button.addEventListener("click", () => busy(button, trouble, work));
}

/** As [onClick], for whatever starts it. */
export async function busy(button, trouble, work) {
  if (button.disabled) return;
  button.disabled = true;
  trouble.hidden = true;
  try {
    await work();
  } catch (error) {
    trouble.textContent = error.sentence ?? "Something went wrong in this page. Load it again.";
    trouble.hidden = false;
    if (!error.sentence) console.error(error);
  } finally {
    button.disabled = false;
  }
}
