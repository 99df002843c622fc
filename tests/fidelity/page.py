"""One static page: verdicts first, then what was worst, with spectrograms side by side and players. No external resources."""
import html

import measures

STYLE = """
:root{color-scheme:light dark;--bg:#fcfcfb;--fg:#1d2126;--soft:#667080;--line:#dfe3e8;--card:#fff;--ok:#1a7f4b;--bad:#c2331f;--badbg:#fbeae7}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e6e9ed;--soft:#98a2b0;--line:#2c323a;--card:#1b1f25;--ok:#52c08a;--bad:#ff7d68;--badbg:#3a211e}}
*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:2rem 1.25rem 5rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.15rem;margin:2.4rem 0 .6rem}p{margin:.2rem 0;color:var(--soft)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{padding:.28rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}th{color:var(--soft);font-weight:500;font-size:.85rem}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px;background:var(--card)}.scroll tr:last-child td{border:0}
a{color:inherit;text-decoration-color:var(--soft);text-underline-offset:.2em}.ok{color:var(--ok);font-weight:600}.bad{color:var(--bad);font-weight:600}td.bad{background:var(--badbg)}
.tally{display:flex;gap:1rem;flex-wrap:wrap;margin:1rem 0}.tally div{border:1px solid var(--line);border-radius:8px;background:var(--card);padding:.6rem 1rem;min-width:9rem}
.tally b{display:block;font-size:1.35rem}.tally span{color:var(--soft);font-size:.85rem}
article{border:1px solid var(--line);border-radius:8px;background:var(--card);padding:1rem;margin:1rem 0}article h3{margin:0 0 .15rem;font-size:1rem}
.three{display:grid;grid-template-columns:repeat(3,1fr);gap:.8rem;margin-top:.7rem}figure{margin:0}figcaption{color:var(--soft);font-size:.85rem;margin-bottom:.25rem}
img{width:100%;aspect-ratio:4/3;display:block;border-radius:4px;image-rendering:auto}audio{width:100%;height:34px;margin-top:.4rem}
details>summary{cursor:pointer;color:var(--soft);margin:.5rem 0}@media(max-width:46rem){.three{grid-template-columns:1fr}}
"""

def _rows(rows):
    return "".join(f"<tr><td class={'ok' if holds else 'bad'}>{'holds' if holds else 'broken'}</td><td>{html.escape(what)}</td>"
                   f"<td{'' if holds else ' class=bad'}>{figure:.3f}</td><td>{bar:g}</td></tr>" for what, figure, bar, holds in rows)


def _figures(values, failed=()):
    return " · ".join(f"<span{' class=bad' if k in failed else ''}>{k.replace('_', ' ')} {v:.3g} {measures.UNITS.get(k, '')}</span>" for k, v in values.items())


def article(title, values, failed, name, notes):
    """One pair: its figures, its pictures, its players."""
    figures = "".join(f'<figure><figcaption>{label}</figcaption><img src="sounds/{name}-{kind}.png" alt="{label}: {html.escape(title)}" loading=lazy>'
                      + (f'<audio controls preload=none src="sounds/{name}-{kind}.wav"></audio>' if kind != "apart" else "") + "</figure>"
                      for kind, label in (("ours", "ours"), ("vital", "Vital"), ("apart", "ours − Vital: red louder, blue softer, ±12 dB")))
    more = f"<details><summary>{len(notes)} notes</summary>{''.join(f'<p>{html.escape(n)}</p>' for n in notes)}</details>" if notes else ""
    return f"<article><h3>{html.escape(title)}</h3><p>{_figures(values, failed)}</p><div class=three>{figures}</div>{more}</article>"


def cohort_table(cohorts):
    """One row a cohort: verdict, passed, and the worst of each measure."""
    names = [m for m in measures.BARS if any(m in c["worst"] for c in cohorts)]
    head = "".join(f"<th>{m}<br>≤ {measures.BARS[m]:g} {measures.UNITS[m]}</th>" for m in names)
    cell = lambda c, m: "<td></td>" if m not in c["worst"] else f"<td{'' if abs(c['worst'][m]) <= measures.BARS[m] else ' class=bad'}>{c['worst'][m]:.3g}</td>"
    body = "".join(f"<tr><td class={'ok' if c['holds'] else 'bad'}>{'holds' if c['holds'] else 'broken'}</td><td><a href='#{c['anchor']}'>{html.escape(c['cohort'])}</a></td><td>{c['good']} of {c['count']}</td>"
                   + "".join(cell(c, m) for m in names) + "</tr>" for c in cohorts)
    return f"<div class=scroll><table><tr><th></th><th>cohort</th><th>cases</th>{head}</tr>{body}</table></div>"


def write(folder, tally, sections):
    """The page itself. `tally`: (figure, words, holds); `sections`: (heading, html)."""
    boxes = "".join(f"<div><b class={'ok' if holds else 'bad'}>{html.escape(figure)}</b><span>{html.escape(words)}</span></div>" for figure, words, holds in tally)
    body = "".join(f"<h2>{html.escape(heading)}</h2>{text}" for heading, text in sections)
    (folder / "index.html").write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'><title>Fidelity to Vital</title><style>{STYLE}</style>"
        f"<h1>Fidelity to Vital</h1><p>The same patch through our engine and through Vital, measured. Worst figure of each cohort; a broken bar is red.</p>"
        f"<div class=tally>{boxes}</div>{body}</html>")


def verdict_table(rows):
    return f"<div class=scroll><table><tr><th></th><th>measure</th><th>figure</th><th>bar</th></tr>{_rows(rows)}</table></div>"
