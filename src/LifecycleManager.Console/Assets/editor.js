// The code editor: Monaco, loaded by the first page that has one, and what its text is until it is sent.
const base = '/ui/assets/monaco';
const editors = new Map();
const drafts = new Map();
const checking = 400;

// As policies of pages have it: scripts and workers from here, none made of text.
self.MonacoEnvironment = { getWorker: () => new Worker(`${base}/vs/base/worker/workerMain.js`) };

let loading;

function load() {
  return loading ??= (async () => {
    const style = document.createElement('link');
    Object.assign(style, { rel: 'stylesheet', href: `${base}/vs/editor/editor.main.css` });
    style.dataset.name = 'vs/editor/editor.main';
    document.head.append(style);
    await new Promise((done, failed) => {
      const script = document.createElement('script');
      Object.assign(script, { src: `${base}/vs/loader.js`, onload: done, onerror: () => failed(new Error('the code editor cannot be loaded')) });
      document.head.append(script);
    });
    self.require.config({ paths: { vs: `${base}/vs` } });
    await new Promise((done, failed) => self.require(['vs/editor/editor.main'], done, failed));
    monaco.editor.defineTheme('lcm-light', { base: 'vs', inherit: true, colors: {}, rules: [
      { token: 'comment', foreground: '525d6c' }, { token: 'number', foreground: '0b6b3a' }, { token: 'string.key.json', foreground: '8a1c1c' },
      { token: 'type', foreground: '00595c' }, { token: 'number.yaml', foreground: '0b6b3a' }] });
    monaco.editor.defineTheme('lcm-dark', { base: 'vs-dark', inherit: true, rules: [{ token: 'comment', foreground: 'a3adbc' }], colors: {
      'diffEditor.insertedLineBackground': '#0f2a1c', 'diffEditor.insertedTextBackground': '#123d27',
      'diffEditor.removedLineBackground': '#3a1a18', 'diffEditor.removedTextBackground': '#5a2420' } });
    follow();
  })();
}

// Light or dark as the page is, whoever turns it.
function follow() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const turn = () => {
    const chosen = document.documentElement.className;
    monaco.editor.setTheme((chosen ? chosen === 'dark' : dark.matches) ? 'lcm-dark' : 'lcm-light');
  };
  dark.addEventListener('change', turn);
  new MutationObserver(turn).observe(document.documentElement, { attributeFilter: ['class'] });
  turn();
}

// What is typed outlives the process that serves the page: kept when that is lost, given back where the page is loaded anew.
const kept = key => `lcm-draft ${location.pathname} ${key}`;
document.addEventListener('lcm-keep', () => {
  for (const [key, text] of drafts) sessionStorage.setItem(kept(key), text);
});

export function keep(key, text) {
  if (text === null) drafts.delete(key);
  else drafts.set(key, text);
}

export function takeKept(key) {
  const text = sessionStorage.getItem(kept(key));
  sessionStorage.removeItem(kept(key));
  if (text !== null) drafts.set(key, text);
  return text;
}

export async function open(element, options, page) {
  const schema = options.schema ? await schemaOf(options.schema) : null;
  await load();
  if (!element.isConnected) return;
  close(element);
  const model = monaco.editor.createModel(options.text, options.language, monaco.Uri.parse(`inmemory://lcm/${editors.size}/${options.key}`));
  if (options.language === 'json') {
    monaco.languages.json.jsonDefaults.setDiagnosticsOptions({
      validate: true, allowComments: false, enableSchemaRequest: false,
      schemas: schema ? [{ uri: 'inmemory://lcm/schema', fileMatch: ['*'], schema }] : [],
    });
  } else if (schema) {
    completeYaml(schema);
  }
  const editor = monaco.editor.create(element, {
    model, ariaLabel: options.label, readOnly: options.isReadOnly, automaticLayout: true, minimap: { enabled: false }, tabSize: 2,
    scrollBeyondLastLine: false, wordWrap: 'on', autoClosingBrackets: 'never', autoClosingQuotes: 'never', fixedOverflowWidgets: true, fontSize: 14, renderWhitespace: 'none',
    quickSuggestions: { strings: true, other: true, comments: false }, 'semanticHighlighting.enabled': false,
  });

  // What it says to those who listen is a status, and no part of the page beside others.
  for (const said of document.querySelectorAll('.monaco-status')) said.setAttribute('role', 'status');
  const held = { editor, model };
  model.onDidChangeContent(() => {
    drafts.set(options.key, model.getValue());
    clearTimeout(held.due);
    held.due = setTimeout(() => page.invokeMethodAsync('Typed').catch(() => { /* The socket is lost: it is asked again when it is back. */ }), checking);
  });
  editors.set(element, held);
  element.dataset.ready = 'yes';
}

// What differs between two texts, to be read alone.
export async function compare(element, options) {
  await load();
  tidy();
  if (!element.isConnected) return;
  close(element);
  const editor = monaco.editor.createDiffEditor(element, {
    readOnly: true, originalEditable: false, automaticLayout: true, renderSideBySide: true, useInlineViewWhenSpaceIsLimited: true, scrollBeyondLastLine: false,
    minimap: { enabled: false }, wordWrap: 'on', fontSize: 14, renderOverviewRuler: false, renderMarginRevertIcon: false, fixedOverflowWidgets: true, 'semanticHighlighting.enabled': false,
    originalAriaLabel: 'As it was', modifiedAriaLabel: 'As it would be', ariaLabel: 'What differs',
  });
  const [original, modified] = [options.old, options.new].map(text => monaco.editor.createModel(text, options.language === 'yaml' ? 'yaml' : 'plaintext'));
  editor.setModel({ original, modified });
  for (const said of document.querySelectorAll('.monaco-status')) said.setAttribute('role', 'status');
  editors.set(element, { editor, model: { dispose: () => { original.dispose(); modified.dispose(); } } });
  element.dataset.ready = 'yes';
}

// Ends editors whose places have left the page.
export function tidy() {
  for (const element of [...editors.keys()]) if (!element.isConnected) close(element);
}

export function text(element) {
  const held = editors.get(element);

  // Who asks has what was typed by now: it need not be told of it.
  clearTimeout(held?.due);
  return new TextEncoder().encode(held?.model.getValue() ?? '');
}

// What is wrong, at its place.
export function mark(element, problems) {
  const held = editors.get(element);
  if (!held) return;
  monaco.editor.setModelMarkers(held.model, 'lcm', problems.map(problem => {
    const line = Math.min(Math.max(problem.line, 1), held.model.getLineCount());
    const column = Math.min(Math.max(problem.column, 1), held.model.getLineMaxColumn(line));
    const word = held.model.getWordAtPosition({ lineNumber: line, column });
    return {
      startLineNumber: line, startColumn: column, endLineNumber: line, endColumn: word?.endColumn ?? held.model.getLineMaxColumn(line),
      message: problem.message, severity: problem.isError ? monaco.MarkerSeverity.Error : monaco.MarkerSeverity.Warning,
    };
  }));
}

export function show(element, line, column) {
  const held = editors.get(element);
  if (!held) return;
  held.editor.revealPositionInCenter({ lineNumber: line, column });
  held.editor.setPosition({ lineNumber: line, column });
  held.editor.focus();
}

export function close(element) {
  const held = editors.get(element);
  if (!held) return;
  editors.delete(element);
  clearTimeout(held.due);
  held.editor.dispose();
  held.model.dispose();
}

// A schema by its address; '#' names a part of an OpenAPI document.
async function schemaOf(address) {
  try {
    if (address.startsWith('{')) return JSON.parse(address);
    const [path, name] = address.split('#');
    const answer = await fetch(path);
    if (!answer.ok) return null;
    const document = await answer.json();
    return name ? { $ref: `#/components/schemas/${name}`, components: document.components } : document;
  } catch {
    return null; // Without one there is no completion, and what is sent is judged all the same.
  }
}

let yaml;

function completeYaml(schema) {
  const isFirst = yaml === undefined;
  yaml = schema;
  if (!isFirst) return;
  monaco.languages.registerCompletionItemProvider('yaml', {
    triggerCharacters: ['\n', ' ', ':'],
    provideCompletionItems(model, position) {
      const { path, indent, key, siblings } = placeInYaml(model, position);
      const at = walk(yaml, path);
      const word = model.getWordUntilPosition(position);
      const range = { startLineNumber: position.lineNumber, endLineNumber: position.lineNumber, startColumn: word.startColumn, endColumn: word.endColumn };
      if (key !== null) {
        const values = at.flatMap(part => part.properties?.[key] ? alternatives(part.properties[key]) : []);
        const texts = values.flatMap(value => value.enum ?? (value.const !== undefined ? [value.const] : value.type === 'boolean' ? [true, false] : []));
        return { suggestions: [...new Set(texts)].map(text => ({ label: `${text}`, insertText: `${text}`, kind: monaco.languages.CompletionItemKind.Value, range })) };
      }
      const found = new Map();
      for (const part of at)
        for (const [name, property] of Object.entries(part.properties ?? {})) if (!siblings.has(name)) found.set(name, property);
      return { suggestions: [...found].map(([name, property]) => {
        const kinds = alternatives(property).filter(kind => kind.type || kind.enum);
        const nested = kinds.length > 0 && kinds.every(kind => kind.type === 'object' || kind.type === 'array');
        const isList = nested && kinds.every(kind => kind.type === 'array');
        return {
          label: name, kind: monaco.languages.CompletionItemKind.Property, range, documentation: property.description ?? kinds[0]?.description,
          insertText: nested ? `${name}:\n${' '.repeat(indent + 2)}${isList ? '- ' : ''}` : `${name}: `,
          insertTextRules: monaco.languages.CompletionItemInsertTextRule.KeepWhitespace,
        };
      }) };
    },
  });
}

// Where a place is, by the indents of what is above it: the keys on the way there, those that are beside it, and the key whose value is
// written on its own line.
function placeInYaml(model, position) {
  const beside = new Map();
  let above = [];
  let items = 0;
  let place;
  for (let line = 1; line <= model.getLineCount(); line++) {
    const isHere = line === position.lineNumber;
    const content = isHere ? model.getLineContent(line).slice(0, position.column - 1) : model.getLineContent(line);
    if (content.startsWith('---')) above = [{ indent: -1, step: null, id: items++ }];
    const [, space, dashes, key, rest] = /^(\s*)((?:-\s+)*)(?:([\w.-]+):(?=\s|$))?(.*)$/.exec(content);
    if (!isHere && key === undefined && dashes === '') continue;
    for (let at = 0; at < dashes.length; at++) {
      if (dashes[at] !== '-') continue;
      const indent = space.length + at;
      above = above.filter(one => one.indent < indent || (one.indent === indent && one.step !== 0));
      above.push({ indent, step: 0, id: items++ });
    }
    const indent = space.length + dashes.length;
    above = above.filter(one => one.indent < indent);
    const container = above.map(one => `${one.id ?? one.step}`).join('/');
    if (isHere) {
      place = { path: above.filter(one => one.step !== null).map(one => one.step), container, indent, key: key !== undefined && /^\s/.test(rest) ? key : null };
    }
    if (key === undefined) continue;
    if (!isHere) beside.set(container, (beside.get(container) ?? new Set()).add(key));
    above.push({ indent, step: key });
  }
  return { ...place, siblings: beside.get(place.container) ?? new Set() };
}

function walk(schema, path) {
  let at = alternatives(schema);
  for (const step of path)
    at = at.flatMap(part => alternatives(step === 0 ? part.items
      : part.properties?.[step] ?? (typeof part.additionalProperties === 'object' ? part.additionalProperties : undefined)));
  return at;
}

// What a part of the schema may be, references followed.
function alternatives(part, depth = 0) {
  if (!part || depth > 12) return [];
  if (part.$ref) return alternatives(part.$ref.split('/').slice(1).reduce((found, name) => found?.[name], yaml), depth + 1);
  const others = [part.then, part.else, ...part.oneOf ?? [], ...part.anyOf ?? [], ...part.allOf ?? []];
  return [part, ...others.flatMap(other => alternatives(other, depth + 1))];
}
