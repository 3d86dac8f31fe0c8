"""The look of the HTML report: a phone, a desk, paper, light and dark."""

# Every pair of text and ground has a contrast of at least 4.5, every outline of 3 (WCAG 2.2 AA); a test computes them.
_LIGHT = """\
--ground: #ffffff; --panel: #f4f6f8; --text: #1a1d21; --muted: #515966; --outline: #6f7883; --rule: #d5dae0; --link: #0b57b0;
--good: #0d5c2e; --good-ground: #e0f3e6; --risk: #6b4500; --risk-ground: #fdeecb; --bad: #8c1313; --bad-ground: #fde6e4;
--unclear: #4b2e83; --unclear-ground: #ede7fa; --info: #234a72; --info-ground: #e4eef8; --aside: #515966;
--aside-ground: #ebedf0;"""
_DARK = """\
--ground: #14171b; --panel: #1e2228; --text: #e8eaed; --muted: #abb3bd; --outline: #838c97; --rule: #3a4048; --link: #8ab8f5;
--good: #8fdcaa; --good-ground: #12331f; --risk: #f0c869; --risk-ground: #3a2c08; --bad: #ffaaa5; --bad-ground: #451816;
--unclear: #cbb6f8; --unclear-ground: #2f2350; --info: #a5cbf2; --info-ground: #17304a; --aside: #abb3bd;
--aside-ground: #2a2f36;"""
_TONES = "\n".join(
    f".{tone} {{ --tone: var(--{tone}); --tone-ground: var(--{tone}-ground); }}"
    for tone in ("good", "risk", "bad", "unclear", "info", "aside")
)

STYLESHEET = f"""\
:root {{ color-scheme: light dark;
{_LIGHT} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{
{_DARK} }} }}
{_TONES}
* {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }}
body {{ margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; overflow-wrap: anywhere; }}
h1, h2, h3, h4 {{ line-height: 1.25; margin: 0; }}
h2 {{ font-size: 1.35rem; }} h3 {{ font-size: 1.15rem; }} h4 {{ font-size: 1rem; }}
p {{ margin: .4rem 0; }} ul, ol {{ margin: .4rem 0; padding-left: 1.3rem; }}
a {{ color: var(--link); }}
section {{ margin-top: 2.2rem; }}
section > h2, section > h3 {{ margin-bottom: .6rem; }}
.installation {{ border-top: 4px double var(--rule); padding-top: 1.6rem; margin-top: 3rem; }}
code {{ font: .9em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }}
code.copy {{ user-select: all; -webkit-user-select: all; background: var(--panel); color: var(--text);
  border: 1px solid var(--outline); border-radius: 4px; padding: .05em .35em; box-decoration-break: clone;
  -webkit-box-decoration-break: clone; }}
.counts {{ list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; margin: .8rem 0 0; }}
.muted {{ color: var(--muted); }}
.badge {{ display: inline-block; background: var(--tone-ground); color: var(--tone); border: 1px solid currentcolor;
  border-radius: 1rem; padding: 0 .6rem; font-size: .85rem; overflow-wrap: break-word; font-weight: 600; line-height: 1.5rem; }}
.sign {{ font-weight: 700; margin-right: .35em; }}
.verdict {{ background: var(--tone-ground); border: 2px solid var(--tone); border-radius: .6rem; padding: 1.1rem 1.3rem; }}
.verdict h1, .verdict h2 {{ color: var(--tone); font-size: 2.3rem; display: flex; align-items: center; gap: .7rem; }}
.verdict > h1 > .sign, .verdict > h2 > .sign {{ flex: none; width: 3.2rem; height: 3.2rem; line-height: 3.2rem;
  text-align: center; margin: 0; border-radius: 50%; background: var(--tone); color: var(--tone-ground); }}
.verdict .name {{ margin: 0 0 .5rem; color: var(--text); }}
.verdict .why {{ font-size: 1.1rem; margin-top: .8rem; }}
.facts {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .5rem 1.5rem; margin: .8rem 0 0; }}
.facts dt {{ font-size: .85rem; color: var(--muted); }} .facts dd {{ margin: 0; }}
.verdict .facts dt {{ color: var(--text); }}
.tasks {{ list-style: none; padding: 0; margin: 0; }}
.task, .finding {{ border: 1px solid var(--rule); border-left: .4rem solid var(--tone); border-radius: .4rem;
  padding: .8rem 1rem; margin: .8rem 0; }}
.task > h3, .task > h4, .finding > h3, .finding > h4 {{ display: flex; flex-wrap: wrap; gap: .3rem .6rem;
  align-items: center; }}
.remedy {{ margin: .6rem 0 .2rem; font-weight: 500; }}
.places {{ font-size: .92rem; color: var(--muted); margin: 0; }}
.clause {{ font-size: .92rem; color: var(--muted); }}
.statements {{ list-style: none; padding: 0; margin: 0; }}
.statements > li {{ border-top: 1px solid var(--rule); margin-top: .7rem; padding-top: .5rem; }}
.statements .facts {{ font-size: .92rem; margin-top: .3rem; }}
.statements .remedy {{ font-weight: 400; margin: .3rem 0; }}
table {{ border-collapse: collapse; width: 100%; font-size: .95rem; }}
caption {{ text-align: left; color: var(--muted); font-size: .9rem; padding-bottom: .3rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--rule); }}
th, td {{ overflow-wrap: break-word; }} tbody th, td:last-child, code {{ overflow-wrap: anywhere; }}
thead th {{ font-size: .85rem; color: var(--muted); }} tbody th {{ font-weight: 600; }}
td .badge, .support-windows td, .summary td {{ white-space: nowrap; }}
.conditions tbody th {{ overflow-wrap: normal; }} .components tbody th, .summary tbody th {{ min-width: 9rem; }}
figure {{ margin: 0; }} figcaption {{ font-size: .92rem; color: var(--muted); }}
svg.windows {{ display: block; font-family: inherit; font-size: 12px; }}
svg text {{ fill: var(--text); }} svg .year {{ fill: var(--muted); }}
svg .name.own, svg .day {{ font-weight: 700; }} svg .label {{ font-size: 11px; }}
svg .label, svg .day {{ paint-order: stroke; stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round; }}
svg .own-row {{ fill: var(--panel); }} svg .tick {{ stroke: var(--rule); }}
svg .bar {{ stroke-width: 1; }} svg .bar.own {{ stroke-width: 2.5; }}
svg .ended {{ fill: var(--aside-ground); stroke: var(--outline); }}
svg .current {{ fill: var(--good-ground); stroke: var(--good); }}
svg .ending {{ fill: var(--risk-ground); stroke: var(--risk); }}
svg .ahead {{ fill: var(--ground); stroke: var(--outline); stroke-dasharray: 4 3; }}
svg .today {{ stroke: var(--link); stroke-width: 2; }} svg .today-label {{ fill: var(--link); }}
svg .ended.own {{ fill: var(--bad-ground); stroke: var(--bad); }}
svg .on-ended {{ stroke: var(--aside-ground); }} svg .on-current {{ stroke: var(--good-ground); }}
svg .on-ending {{ stroke: var(--risk-ground); }} svg .on-ahead {{ stroke: var(--ground); }}
svg .on-ended.own {{ stroke: var(--bad-ground); }}
svg .next {{ stroke: var(--tone); stroke-width: 2; stroke-dasharray: 5 3; }} svg .next-label {{ fill: var(--tone); }}
details {{ margin: .6rem 0; }} summary {{ cursor: pointer; color: var(--link); padding: .3rem 0; }}
a:focus-visible, summary:focus-visible {{ outline: 3px solid var(--link); outline-offset: 2px; }}
footer {{ margin-top: 2.5rem; border-top: 1px solid var(--rule); padding-top: .8rem; font-size: .9rem; color: var(--muted); }}
@media screen and (max-width: 48rem) {{
  body {{ padding: 1rem; }}
  .verdict {{ padding: .9rem 1rem; }}
  .verdict h1, .verdict h2 {{ font-size: 1.7rem; }}
  table, thead, tbody, tr, th, td, caption {{ display: block; }}
  thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
  tr {{ border-bottom: 1px solid var(--rule); padding: .5rem 0; }}
  th, td {{ border: 0; padding: .1rem 0; }}
  .support-windows td, .summary td {{ white-space: normal; }}
  td.empty {{ display: none; }}
  td[data-label]::before {{ content: attr(data-label) ": "; color: var(--muted); }}
}}
@media (forced-colors: active) {{ .badge, .verdict, .task, .finding {{ border-color: CanvasText; }} }}
@media print {{
  @page {{ margin: 15mm; }}
  html {{ font-size: 10pt; }}
  body {{ max-width: none; padding: 0; }}
  * {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  .verdict, .task, tr, figure, .statements > li {{ break-inside: avoid; }}
  h2, h3, h4, caption, .clause {{ break-after: avoid; }}
  .installation {{ break-before: page; border: 0; margin: 0; }}
  details::details-content {{ content-visibility: visible; block-size: auto; }}
  summary {{ color: var(--text); list-style: none; font-weight: 600; }}
  a {{ color: inherit; text-decoration: none; }}
}}
"""
