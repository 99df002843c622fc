#!/usr/bin/env python3
"""Looks at the pages of a running server in a real browser, as a listener and as the server's owner do.

    page_check.py --url http://127.0.0.1:7761 --token-file DATA/token --out DIR     the whole way, home page to share
    page_check.py --share http://127.0.0.1:7761/s/TOKEN --out DIR                    one share page
    page_check.py --share file:///path/to/page.html --out DIR                        a share that is a file

Everything is done by mouse and keyboard. Each page must ask for nothing elsewhere, report no error, have a name for
every control, text that stands out from its ground, and no line wider than the screen. Pictures go to DIR.
Ends with 1 when something is wrong, with 3 when there is no browser.
"""

import argparse
import json
import pathlib
import sys
import urllib.parse

from cdp import Browser, BrowserError, Tab, find_browser

SIZES = ((1280, 900, False), (360, 800, True))
SCHEMES = ("dark", "light")
# The prompt says something that no page of a share may repeat.
CANARY = "zebrafinch"
PROMPT = f"warm analog pad with slow movement, wide, {CANARY}"
LEAST_CONTRAST = 4.5
CONTROLS = {"button", "link", "slider", "textbox", "searchbox", "spinbutton"}

# Text whose contrast to what lies behind it is too low: a list of [contrast, text].
CONTRAST = """(() => {
  const parse = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const seen = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    const text = walk.currentNode.data.trim();
    if (!text || !element.checkVisibility({ visibilityProperty: true }) || element.closest("template, noscript, .unseen, :disabled")) continue;
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.push(getComputedStyle(at));
    let ground = parse(getComputedStyle(document.documentElement).backgroundColor);
    let opacity = 1;
    for (const style of chain.reverse()) {
      opacity *= Number(style.opacity);
      ground = over(parse(style.backgroundColor), ground);
    }
    const ink = parse(getComputedStyle(element).color);
    ink[3] *= opacity;
    const [a, b] = [light(over(ink, ground)), light(ground)].sort((x, y) => y - x);
    seen.push([(a + 0.05) / (b + 0.05), text.slice(0, 40)]);
  }
  return seen;
})()"""


class Wrong(Exception):
    """A page is not as it should be."""


def expect(condition, message):
    if not condition:
        raise Wrong(message)


def origin_of(address):
    parts = urllib.parse.urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def expect_quiet(tab, origin, but=()):
    """Nothing was asked for elsewhere, no error was reported; `but` names what may be refused, by a part of its address."""
    for event in tab.events("Network.requestWillBeSent"):
        address = event["request"]["url"]
        own = address.startswith(("data:", "blob:")) or origin_of(address) == origin
        expect(own, f"asked for {address[:120]}")
    for event in tab.events("Runtime.exceptionThrown"):
        details = event["exceptionDetails"]
        raise Wrong(f"script error: {details.get('exception', {}).get('description', details['text'])}")
    for event in tab.events("Runtime.consoleAPICalled"):
        if event["type"] in ("error", "warning", "assert"):
            raise Wrong(f"console {event['type']}: {json.dumps(event['args'])[:300]}")
    for event in tab.events("Log.entryAdded"):
        entry = event["entry"]
        if entry["level"] == "error" and not any(part in entry.get("url", "") for part in but):
            raise Wrong(f"error: {entry['text']} {entry.get('url', '')}")


def expect_fit(tab):
    """No wider than the screen, every control with a name, every text to be read."""
    wide = tab.value("document.documentElement.scrollWidth")
    expect(wide <= tab.width, f"{wide} pixels wide on a screen of {tab.width}")
    for node in tab.call("Accessibility.getFullAXTree")["nodes"]:
        role = node.get("role", {}).get("value")
        if not node.get("ignored") and role in CONTROLS:
            expect(node.get("name", {}).get("value", "").strip(), f"a {role} without a name")
    texts = tab.value(CONTRAST)
    expect(texts, "a page without text")
    for contrast, text in texts:
        expect(contrast >= LEAST_CONTRAST, f"contrast {contrast:.2f} of “{text}”")


def check_player(tab, root=".player"):
    """Plays, stops, seeks, loops: by mouse, then by keyboard."""
    audio = f"document.querySelector('{root} audio')"
    label = f"document.querySelector('{root} .play').getAttribute('aria-label')"
    tab.until(f"document.querySelector('{root}.ready')")
    expect(tab.value(f"!{audio}.controls"), "the browser's own controls are there too")
    tab.click(f"{root} .play")
    tab.until(f"!{audio}.paused && {audio}.currentTime > 0.1")
    tab.until(f"{label} === 'Pause'")
    tab.click(f"{root} .play")
    tab.until(f"{audio}.paused")
    tab.until(f"{label} === 'Play'")

    tab.click(f"{root} .seek", 0.5)
    tab.until(f"!{audio}.seeking")
    share = tab.value(f"{audio}.currentTime / {audio}.duration")
    expect(abs(share - 0.5) < 0.02, f"a click in the middle seeks to {share:.3f}")
    played = float(tab.value(f"document.querySelector('{root}').style.getPropertyValue('--played')"))
    expect(abs(played - share) < 0.02, f"the playhead stands at {played} of a sound at {share}")
    tab.key("ArrowRight", "ArrowRight")
    tab.until(f"{audio}.currentTime / {audio}.duration > {share}")

    tab.click(f"{root} .loop")
    expect(tab.value(f"{audio}.loop && document.querySelector('{root} .loop').getAttribute('aria-pressed') === 'true'"),
           "the loop button does not loop")
    tab.click(f"{root} .loop")
    expect(not tab.value(f"{audio}.loop"), "the loop button does not let go")


def check_share(browser, address, out, private=()):
    """The page of a share at every size and in both schemes."""
    origin = origin_of(address)
    for width, height, touch in SIZES:
        for scheme in SCHEMES:
            tab = Tab(browser, width, height, scheme, touch)
            tab.open(address)
            check_player(tab)
            tab.value("document.activeElement.blur()")
            tab.key(" ", "Space", " ")
            tab.until("!document.querySelector('audio').paused")
            tab.key(" ", "Space", " ")
            tab.until("document.querySelector('audio').paused")
            tab.click(".spectrum", 0.5)
            tab.until("!document.querySelector('audio').seeking")
            at = tab.value("document.querySelector('audio').currentTime / document.querySelector('audio').duration")
            expect(0.4 < at < 0.6, f"a click in the middle of the spectrum seeks to {at:.3f}")
            expect(tab.value("document.querySelector('.spectrum img').naturalWidth > 0"), "no spectrogram")
            expect(tab.value("document.querySelectorAll('.knobs li').length") == 8, "not eight macros")
            expect(tab.value("Boolean(document.querySelector('a.primary[download]').href)"), "nothing to download")
            text = tab.value("document.documentElement.outerHTML")
            for word in private:
                expect(word not in text, f"the page tells {word}")
            expect_fit(tab)
            expect_quiet(tab, origin)
            tab.picture(out / f"share-{width}-{scheme}.png")
            tab.close()

    tab = Tab(browser, 1280, 900)
    tab.call("Emulation.setScriptExecutionDisabled", {"value": True})
    tab.open(address)
    shown = tab.value("(() => { const a = document.querySelector('audio');"
                      " return a.controls && a.checkVisibility() && !document.querySelector('.controls').checkVisibility(); })()")
    expect(shown, "without scripts there is no way to play")
    tab.picture(out / "share-without-scripts.png")
    tab.close()


def check_gone(browser, address, out, name):
    """The page of a share that is not there; gives its bytes."""
    tab = Tab(browser, 360, 800, "dark", touch=True)
    tab.open(address)
    answer = next(e["response"] for e in tab.events("Network.responseReceived") if e["response"]["url"] == address)
    expect(answer["status"] == 404, f"status {answer['status']} for a share that is not there")
    expect_fit(tab)
    expect_quiet(tab, origin_of(address), but=(address,))
    tab.picture(out / f"{name}.png")
    text = tab.value("document.documentElement.outerHTML")
    tab.close()
    return text


def check_home(browser, base, token, out):
    """From the door to a link; gives the tab and the link."""
    tab = Tab(browser, 1280, 900)
    tab.open(f"{base}/")
    tab.until("document.querySelector('.door').checkVisibility()")
    expect(not tab.value("document.querySelector('.studio').checkVisibility()"), "the studio is open to strangers")
    expect_fit(tab)
    expect_quiet(tab, base, but=("/v1/session",))
    tab.picture(out / "home-door.png")
    tab.close()

    tab = Tab(browser, 1280, 900)
    tab.open(f"{base}/#token={token}")
    tab.until("document.querySelector('.studio').checkVisibility()")
    expect(token not in tab.value("location.href"), "the token stays in the address")
    expect(token not in tab.value("document.documentElement.outerHTML + document.cookie + JSON.stringify({...localStorage, ...sessionStorage})"),
           "the token stays in the page")
    tab.until("document.querySelector('.rows li') || document.querySelector('.empty').checkVisibility()")
    expect_fit(tab)
    tab.picture(out / "home-start.png")

    tab.value("document.querySelector('#prompt').focus()")
    tab.type(PROMPT)
    tab.key("Enter", "Enter", "\r")
    tab.until("document.querySelector('.now .card')")
    tab.until("document.querySelector('.result .ready')", timeout=90)
    tab.until("document.querySelector('.result .above').getAttribute('d')")
    tab.until("document.querySelectorAll('.result .knobs li').length === 8")
    check_player(tab, ".result .player")
    tab.click(".star")
    tab.until("document.querySelector('.star').getAttribute('aria-pressed') === 'true'")
    tab.click(".result .link")
    tab.until("document.querySelector('.shared').checkVisibility()")
    link = tab.value("document.querySelector('#link').value")
    expect_fit(tab)
    tab.picture(out / "home-result.png")

    first = tab.value("location.href")
    tab.open("about:blank")
    tab.open(first)
    tab.until("document.querySelector('.result .ready')")
    expect(tab.value("document.querySelector('.star').getAttribute('aria-pressed')") == "true", "the star is forgotten")
    expect(link not in tab.value("document.documentElement.outerHTML"), "the link is told twice")
    tab.value("document.querySelector('#search').focus()")
    tab.type("nobodyeveraskedforthis")
    tab.until("document.querySelector('.empty').checkVisibility() && document.querySelectorAll('.rows li').length === 0")
    tab.value("document.querySelector('#search').value = ''")
    tab.type(CANARY)
    tab.until("document.querySelectorAll('.rows li').length >= 1")
    expect_quiet(tab, base)

    phone = {"width": 360, "height": 800, "deviceScaleFactor": 2, "mobile": True}
    tab.call("Emulation.setDeviceMetricsOverride", phone)
    tab.width, tab.height = 360, 800
    for scheme in SCHEMES:
        # Without motion: halfway from one scheme to the other nothing is to be read.
        tab.call("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]})
        expect_fit(tab)
    tab.picture(out / "home-phone.png")
    return tab, link


def check_outage(tab):
    """The page of a server that is gone says so, and comes back with it."""
    offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    tab.call("Network.emulateNetworkConditions", offline)
    tab.value("document.querySelector('#prompt').value = 'a sound for nobody'")
    tab.click(".make")
    tab.until("document.querySelector('.connection').checkVisibility()")
    tab.until("document.querySelector('#ask-trouble').checkVisibility()")
    expect_fit(tab)
    tab.call("Network.emulateNetworkConditions", {**offline, "offline": False})
    tab.until("!document.querySelector('.connection').checkVisibility()")


def check_server(browser, base, token, out):
    """The whole way of a sound: asked for, heard, shared, heard by others, taken back."""
    tab, link = check_home(browser, base, token, out)
    print("ok  home page: sign in, make, play, star, share, search")
    check_share(browser, link, out, private=(CANARY, token))
    print("ok  share page: both sizes, both schemes, without scripts")
    unknown = check_gone(browser, f"{base}/s/{'0' * 22}", out, "gone")
    revoked = tab.value("""(async () => {
      const { csrf_token } = await (await fetch("/v1/session")).json();
      const { items } = await (await fetch("/v1/shares")).json();
      const live = items.filter((share) => !share.revoked_at);
      const answers = await Promise.all(live.map((share) => fetch(`/v1/shares/${share.id}`, { method: "DELETE", headers: { "X-CSRF-Token": csrf_token } })));
      return answers.length > 0 && answers.every((answer) => answer.ok);
    })()""")
    expect(revoked, "the share cannot be taken back")
    expect(check_gone(browser, link, out, "revoked") == unknown, "revoked and unknown shares differ")
    print("ok  unknown and revoked shares look alike")
    check_outage(tab)
    tab.close()
    print("ok  a server that is gone is told, and its return noticed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="address of the server")
    parser.add_argument("--token-file", type=pathlib.Path, help="file with the server's token")
    parser.add_argument("--share", help="address of one share page, or file:// of one that is a file")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the pictures")
    options = parser.parse_args()
    if not (options.share or (options.url and options.token_file)):
        parser.error("give --url with --token-file, or --share")
    program = find_browser()
    if program is None:
        print("no Chromium here: apt-get install --no-install-recommends chromium", file=sys.stderr)
        return 3
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        with Browser(program) as browser:
            if options.url:
                check_server(browser, options.url.rstrip("/"), options.token_file.read_text().strip(), options.out)
            if options.share:
                check_share(browser, options.share, options.out)
                print("ok  share page: both sizes, both schemes, without scripts")
    except (Wrong, BrowserError) as error:
        print(f"wrong: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
