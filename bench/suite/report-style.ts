/**
 * The look of the HTML report: one sheet, no font and no image from outside. Light and dark follow the system until the reader chooses; every
 * colour is one `light-dark()` pair, and the choice only sets `color-scheme`, so no script is needed.
 *
 * The series colours are those of Okabe and Ito ("Color Universal Design", 2008), darkened on white and lightened on black
 * until each has a contrast of 3 : 1 or more to the page (WCAG 2.2, 1.4.11); text has 4.5 : 1 or more (1.4.3).
 */

/** Line patterns of the eight series, in the order of the colours. */
const DASHES = ['none', '7 3', '2 3', '9 3 2 3', 'none', '7 3', '2 3', '9 3 2 3'];

export const SERIES_COLOURS: readonly (readonly [light: string, dark: string])[] = [
  ['#0063a6', '#5cb8f2'],
  ['#b84a00', '#ff9d57'],
  ['#00785a', '#3ecfa4'],
  ['#a3457f', '#ee9fcb'],
  ['#7a6200', '#e6cf4b'],
  ['#4a5bc4', '#a9b4ff'],
  ['#8a3b2e', '#f0907f'],
  ['#4d4d4d', '#c9c9c9'],
];

export const REPORT_STYLE = `
:root{color-scheme:light dark;
--page:light-dark(#fcfcfa,#14161a);--panel:light-dark(#ffffff,#1b1e24);--ink:light-dark(#1b1f24,#e8eaed);--soft:light-dark(#565e69,#a4acb8);
--rule:light-dark(#dcdfe3,#343a44);--faint:light-dark(#eef0f2,#252a32);--accent:light-dark(#0063a6,#5cb8f2);
--good:light-dark(#0b6b43,#56d39b);--bad:light-dark(#a8231d,#ff8f85);--warn:light-dark(#7d5200,#f0bf5f);
--good-back:light-dark(#e3f4eb,#12301f);--bad-back:light-dark(#fbe8e6,#3a1917);--warn-back:light-dark(#fbf0d9,#33270f)}
:root:has(#scheme-light:checked){color-scheme:light}
:root:has(#scheme-dark:checked){color-scheme:dark}
${SERIES_COLOURS.map(([light, dark], index) => `.s${index + 1}{--c:light-dark(${light},${dark});--dash:${DASHES[index]}}`).join('\n')}
.base{--c:light-dark(#6a7079,#9aa2ae)}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.wrap{max-width:64rem;margin:0 auto;padding:0 1.25rem 4rem}
a{color:var(--accent)}
a:focus-visible,input:focus-visible+label,.scroll:focus-visible,.fit:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
header{padding:2.25rem 0 1.25rem;display:flex;flex-wrap:wrap;gap:1rem 2rem;align-items:flex-start;justify-content:space-between}
h1{font-size:1.85rem;line-height:1.2;letter-spacing:-.015em;margin:0}
h2{font-size:1.3rem;line-height:1.3;letter-spacing:-.01em;margin:3rem 0 .75rem}
h3{font-size:1.1rem;line-height:1.35;margin:0 0 .15rem}
h4{font-size:.78rem;text-transform:uppercase;letter-spacing:.06em;color:var(--soft);margin:1.25rem 0 .35rem;font-weight:600}
p{margin:.5rem 0;max-width:46rem}
.lead{color:var(--soft);margin:.35rem 0 0}
code{font:.88em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.scheme{border:1px solid var(--rule);border-radius:.5rem;padding:0;margin:0;display:flex;background:var(--panel)}
.scheme legend,.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.scheme input{position:absolute;opacity:0;pointer-events:none}
.scheme label{padding:.28rem .7rem;font-size:.85rem;cursor:pointer;color:var(--soft);border-radius:.4rem}
.scheme input:checked+label{background:var(--faint);color:var(--ink)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem;margin:0;padding:0;list-style:none}
.tiles li{background:var(--panel);border:1px solid var(--rule);border-radius:.6rem;padding:.8rem 1rem}
.tiles b{display:block;font-size:1.7rem;line-height:1.15;letter-spacing:-.02em}
.tiles span{color:var(--soft);font-size:.88rem}
.tiles .met b{color:var(--good)}.tiles .missed b{color:var(--bad)}.tiles .unstated b{color:var(--warn)}
.alarm{background:var(--warn-back);border:1px solid var(--warn);border-left-width:.3rem;border-radius:.4rem;padding:.75rem 1.1rem;margin:0 0 1.5rem}
.alarm h2{margin:0;font-size:1.02rem}.alarm ul{margin:.3rem 0 0;padding-left:1.15rem}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;list-style:none;margin:1.5rem 0 0;padding:0;font-size:.92rem}
.scroll{overflow-x:auto;border:1px solid var(--rule);border-radius:.6rem;background:var(--panel);margin:.75rem 0;position:relative}
table{overflow-wrap:break-word;border-collapse:collapse;width:100%;font-size:.88rem}
th,td{padding:.48rem .8rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule);vertical-align:top}
tr:last-child>*{border-bottom:0}
thead th{color:var(--soft);font-weight:600;font-size:.8rem;background:var(--faint);border-bottom:1px solid var(--rule)}
th:first-child,td.text,th.text{text-align:left}
tbody th{font-weight:500;white-space:normal;min-width:11rem;max-width:24rem;text-align:left}
td.text{white-space:normal;min-width:9rem}
td small,th small,.bound{display:block;color:var(--soft);font-size:.78rem;font-weight:400}
small.goal.met{color:var(--good)}small.goal.missed{color:var(--bad)}small.goal.unstated{color:var(--warn)}
tr.baseline{background:var(--faint)}
.absent td{color:var(--soft);white-space:normal;text-align:left}
.pill{display:inline-block;padding:.05rem .55rem;border-radius:1rem;font-size:.82rem;font-weight:600;white-space:nowrap}
.pill.met{background:var(--good-back);color:var(--good)}.pill.missed{background:var(--bad-back);color:var(--bad)}.pill.unstated{background:var(--warn-back);color:var(--warn)}
section.table{border-top:1px solid var(--rule);padding-top:1.6rem;margin-top:2.2rem}
.question{color:var(--soft);font-size:.88rem;margin:0 0 .75rem}
figure{margin:1rem 0;background:var(--panel);border:1px solid var(--rule);border-radius:.6rem;padding:.9rem .9rem .6rem}
figcaption{color:var(--soft);font-size:.84rem;margin:0 0 .5rem;max-width:46rem}
figure .fit{overflow-x:auto}
.plot{display:block;width:100%;min-width:32rem;height:auto;font-family:inherit}
.plot text{fill:var(--ink);font-size:12px}
.plot .axis text{fill:var(--soft);font-size:11px}
.plot .grid{stroke:var(--rule);stroke-width:1}
.plot .shape{fill:var(--c);fill-opacity:.22;stroke:var(--c);stroke-width:1}
.plot .whole{stroke:var(--c);stroke-width:1}
.plot .mark{stroke:var(--c);stroke-width:1.6}.plot .mid{stroke-width:2.6}
.plot .lane .sure{fill:var(--c);fill-opacity:.55}
.plot .max{fill:var(--panel);stroke:var(--c);stroke-width:1.6}
.plot .line>path:first-child{fill:none;stroke:var(--c);stroke-width:2;stroke-dasharray:var(--dash);stroke-linejoin:round}
.plot .line .sure{stroke:var(--c);stroke-width:1.4;stroke-opacity:.75}
.marker{fill:var(--c);stroke:var(--c);stroke-width:1.5}.marker.hollow{fill:var(--panel)}
.plot .amount{fill:var(--c);fill-opacity:.6;stroke:var(--c)}
.plot .bar .sure{fill:none;stroke:var(--ink);stroke-width:1.6}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.2rem;list-style:none;margin:.2rem 0 .3rem;padding:0;font-size:.84rem}
.legend li{display:flex;align-items:center;gap:.45rem}
.legend svg{flex:none;width:34px;height:14px}
.legend line{stroke:var(--c);stroke-width:2;stroke-dasharray:var(--dash)}
details{margin:.75rem 0}summary{cursor:pointer;color:var(--soft);font-size:.9rem}
.notes{margin:.4rem 0 0;padding-left:1.15rem;font-size:.9rem}
.notes li{margin:.2rem 0}.notes b{font-weight:600}
.stamp{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.6rem 1.5rem;margin:0}
.stamp div{min-width:0}.stamp dt{color:var(--soft);font-size:.8rem}.stamp dd{margin:0}
footer{margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--rule);color:var(--soft);font-size:.88rem}
@media (max-width:40rem){.wrap{padding:0 .8rem 3rem}header{padding-top:1.4rem}h1{font-size:1.5rem}figure{padding:.7rem .5rem .4rem}th,td{padding:.42rem .55rem}tbody th{min-width:8.5rem}}
@media print{:root{color-scheme:light}.scheme,nav{display:none}.wrap{max-width:none;padding:0}.scroll,figure .fit{overflow:visible}figure,tr,.alarm{break-inside:avoid}h2,h3,h4{break-after:avoid}.plot{min-width:0}table{font-size:.7rem}th,td{padding:.25rem .35rem}body{font-size:11pt}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
`;
