import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compileTemplate } from './template.ts';

const object = { Name: 'web', Labels: { b: '2', a: '1' }, Ports: ['80', '443'], Up: true, State: { Code: 0 } };

test('the templates that users write give what Docker gives', () => {
  const cases: [string, string][] = [
    ['{{.Name}}', 'web'],
    ['{{.State.Code}}/{{.Up}}', '0/true'],
    ['json', JSON.stringify(object)],
    ['{{json .Ports}}', '["80","443"]'],
    ['{{.Labels}} {{.Ports}}', 'map[a:1 b:2] [80 443]'],
    ['{{range .Ports}}<{{.}}>{{end}}', '<80><443>'],
    ['{{range .Ports}}{{$.Name}}:{{.}} {{end}}', 'web:80 web:443 '],
    ['{{if .Up}}yes{{else}}no{{end}}', 'yes'],
    ['{{if eq .Name "db"}}db{{else if .State.Code}}x{{else}}other{{end}}', 'other'],
    ['{{join .Ports ","}}\\t{{upper .Name}}', '80,443\tWEB'],
    ['{{.Name | upper | lower}}', 'web'],
    ['{{index .Labels "a"}}{{len .Ports}}', '12'],
    ['{{println .Name}}', 'web\n'],
  ];
  for (const [template, text] of cases) assert.equal(compileTemplate(template)(object), text, template);
});

test('what cannot be evaluated is named', () => {
  assert.throws(() => compileTemplate('{{.Nothing}}')(object), /can't evaluate field Nothing/);
  assert.throws(() => compileTemplate('{{if .Up}}x'), /\{\{end\}\} is missing/);
  assert.throws(() => compileTemplate('{{frob .Name}}')(object), /function "frob" not defined/);
});
