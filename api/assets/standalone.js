// Only in pages that carry everything inside: sound and bundle become blobs, which every browser can seek in and save.
for (const element of document.querySelectorAll('audio[src^="data:"], a[href^="data:"]')) {
  const name = element.localName === "a" ? "href" : "src";
  const [head, body] = element.getAttribute(name).split(",", 2);
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  element[name] = URL.createObjectURL(new Blob([bytes], { type: head.slice(5).split(";")[0] }));
}
