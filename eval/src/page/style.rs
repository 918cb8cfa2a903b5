//! The page's look. System fonts, two palettes, one column on a phone.

pub const CSS: &str = "
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5c6670;--paper:#fff;--card:#f6f8fa;--line:#d5dbe1;--good:#17734a;
--bad:#b3261e;--accent:#0b5cad;--warn:#7a4d00;--warnbg:#fff4d6}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--dim:#a0a9b3;--paper:#14171b;--card:#1d2126;--line:#343b43;
--good:#5fd09a;--bad:#ff8f85;--accent:#7db8ff;--warn:#ffd98a;--warnbg:#3a2f12}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
main{max-width:72rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.8rem;margin:.2rem 0}h2{font-size:1.25rem;margin:2.5rem 0 .2rem;overflow-wrap:anywhere}
h3{font-size:1rem;margin:1.5rem 0 .5rem}
p{margin:.4rem 0}.sub{color:var(--dim);overflow-wrap:anywhere}a{color:var(--accent)}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.85em;overflow-wrap:anywhere}
.wide{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:.9rem;margin:.6rem 0}
th,td{padding:.22rem .7rem .22rem 0;text-align:left;vertical-align:middle;white-space:nowrap}
th{color:var(--dim);font-weight:600;border-bottom:1px solid var(--line)}
tr.first td{border-top:1px solid var(--line)}
.num{text-align:right;font-variant-numeric:tabular-nums}
.warning{background:var(--warnbg);color:var(--warn);padding:.4rem .7rem;border-radius:.3rem;display:inline-block}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem;margin:1rem 0}
figure{margin:0;padding:.8rem;background:var(--card);border:1px solid var(--line);border-radius:.4rem;min-width:0}
figcaption{font-size:.85rem;color:var(--dim);margin-bottom:.5rem}
svg{display:block;max-width:100%;height:auto;overflow:visible}
svg text{fill:var(--ink);font-size:11px;font-family:inherit}svg .dim{fill:var(--dim)}
svg .axis{stroke:var(--line);stroke-width:1;fill:none}svg .mark{fill:var(--accent)}
svg .stroke{stroke:var(--accent);stroke-width:2;fill:none}svg .soft{fill:var(--accent);opacity:.25}
svg .right{fill:var(--good)}svg .off{fill:var(--bad)}svg .inverse{fill:var(--paper)}
.whisker{width:8rem}
details{margin:.3rem 0;border:1px solid var(--line);border-radius:.4rem;background:var(--card)}
summary{cursor:pointer;padding:.45rem .7rem;overflow-wrap:anywhere}
details>:not(summary){margin-left:.7rem;margin-right:.7rem}
dl{display:grid;grid-template-columns:8rem 1fr;gap:.25rem .8rem;margin:.3rem 0 .8rem;font-size:.92rem}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
.tag{font-size:.78rem;padding:.05rem .4rem;border-radius:.6rem;border:1px solid currentColor;margin-right:.4rem;
white-space:nowrap}
.bad{color:var(--bad)}.so{color:var(--warn)}
footer{margin-top:3rem;color:var(--dim);font-size:.85rem;border-top:1px solid var(--line)}
@media(max-width:36rem){dl{grid-template-columns:1fr}dt{margin-top:.3rem}th,td{padding-right:.5rem}}
@media print{:root{--ink:#000;--dim:#444;--paper:#fff;--card:#fff;--line:#bbb;--good:#17734a;--bad:#b3261e;
--accent:#0b5cad;--warn:#000;--warnbg:#fff}
main{max-width:none;padding:0}figure,details{break-inside:avoid}.wide{overflow:visible}h2{break-after:avoid}}
";
