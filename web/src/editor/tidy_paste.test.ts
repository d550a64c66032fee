import { expect, it } from 'vitest';
import { tidied } from './tidy_paste';

it('what Word writes becomes a plain letter', () => {
  expect(tidied(`<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0} --></style></head>
<body lang=EN-GB style='tab-interval:36.0pt'><!--StartFragment-->
<p class=MsoNormal style='mso-margin-top-alt:auto'><b style='mso-bidi-font-weight:normal'>Dear<o:p></o:p></b> <span
lang=EN-GB style='font-family:"Calibri"'>members</span><o:p>&nbsp;</o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraph><![if !supportLists]><span style='mso-list:Ignore'>·</span><![endif]>First</p>
<table class=MsoTableGrid border=1><tr><td width=10 colspan=2>a</td></tr></table><!--EndFragment--></body></html>`))
    .toBe('<p><b>Dear</b> members&nbsp;</p> <p>First</p> <table><tr><td colspan="2">a</td></tr></table>');
});

it('nothing that runs, loads or hides is pasted', () => {
  expect(tidied('<a href="javascript:alert(1)" onclick="x()">a</a><a href="https://a.example">b</a>')).toBe('<a>a</a><a href="https://a.example">b</a>');
  expect(tidied('<script>x()</script><img src=x onerror=y><img src="https://a.example/i.png" alt=i><style>p{}</style>'))
    .toBe('<img src="https://a.example/i.png" alt="i">');
  expect(tidied('<svg><script>1</script></svg><iframe src="https://a.example"></iframe><div style="position:fixed">c</div>')).toBe('<p>c</p>');
});
