import { shell_depth_max } from '../../limits/index.ts';
import { Cursor, SyntaxFault } from './cursor.ts';
import type { AndOr, Assignment, Command, List, Pipeline, Redirect, Redirected, Word } from './tree.ts';
import { readHereText, readWord } from './words.ts';

export { SyntaxFault } from './cursor.ts';

/** A here-document whose text comes behind the line. */
interface Pending {
  readonly end: string;
  readonly literal: boolean;
  readonly strip_tabs: boolean;
  readonly fill: (target: Word) => void;
}

const closers = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}']);

/**
 * Reads a script.
 *
 * @throws SyntaxFault where it is none
 */
export function parse(text: string): List {
  const reader = new Reader(new Cursor(text));
  const list = reader.list();
  reader.end();
  return list;
}

class Reader {
  readonly #cursor: Cursor;
  #pending: Pending[] = [];

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
    if (cursor.depth > shell_depth_max) throw new SyntaxFault('the script is nested too deeply', false);
  }

  end(): void {
    this.#newlines();
    if (this.#cursor.peek() !== '') throw this.#cursor.error('it is not expected here');
    if (this.#pending.length > 0) throw new SyntaxFault('unexpected end of file: a here-document has no text', true);
  }

  /** Commands up to what closes them. */
  list(): List {
    if (++this.#cursor.depth > shell_depth_max) throw new SyntaxFault('the script is nested too deeply', false);
    const list: AndOr[] = [];
    this.#newlines();
    while (!this.#atEnd()) {
      list.push(this.#andOr());
      this.#blanks();
      const separator = this.#cursor.peek();
      if (separator === ';' && this.#cursor.peek(1) !== ';') this.#cursor.next();
      else if (separator === '&') throw this.#cursor.error('jobs in the background are not there in this shell');
      else if (separator !== '\n') break;
      this.#newlines();
    }
    this.#cursor.depth--;
    return list;
  }

  #atEnd(): boolean {
    this.#blanks();
    const char = this.#cursor.peek();
    return (
      char === '' || char === ')' || (char === ';' && this.#cursor.peek(1) === ';') || closers.has(this.#reserved())
    );
  }

  #andOr(): AndOr {
    const first = this.#pipeline();
    const rest: { when: '&&' | '||'; pipeline: Pipeline }[] = [];
    for (;;) {
      this.#blanks();
      const when = this.#cursor.rest(0).slice(0, 2);
      if (when !== '&&' && when !== '||') return { first, rest };
      this.#cursor.skip(2);
      this.#newlines();
      rest.push({ when, pipeline: this.#pipeline() });
    }
  }

  #pipeline(): Pipeline {
    this.#blanks();
    const negated = this.#reserved() === '!';
    if (negated) this.#cursor.next();
    const commands: Redirected[] = [this.#command()];
    for (;;) {
      this.#blanks();
      if (this.#cursor.peek() !== '|' || this.#cursor.peek(1) === '|') return { negated, commands };
      this.#cursor.next();
      this.#newlines();
      commands.push(this.#command());
    }
  }

  #command(): Redirected {
    this.#blanks();
    const compound = this.#compound();
    if (compound === null) return this.#simple();
    const redirects: Redirect[] = [];
    for (let each = this.#redirect(); each !== null; each = this.#redirect()) redirects.push(each);
    return { command: compound, redirects };
  }

  #compound(): Command | null {
    const cursor = this.#cursor;
    if (cursor.peek() === '(') {
      cursor.next();
      const list = this.list();
      cursor.expect(')', 'a closing parenthesis');
      return { kind: 'subshell', list };
    }
    const word = this.#reserved();
    switch (word) {
      case '{': {
        cursor.skip(1);
        const list = this.list();
        this.#take('}');
        return { kind: 'group', list };
      }
      case 'if':
        return this.#if();
      case 'while':
      case 'until': {
        cursor.skip(word.length);
        const condition = this.list();
        return { kind: 'loop', until: word === 'until', condition, body: this.#doGroup() };
      }
      case 'for':
        return this.#for();
      case 'case':
        return this.#case();
      default:
        return this.#function();
    }
  }

  #if(): Command {
    const branches: { condition: List; body: List }[] = [];
    let otherwise: List | null = null;
    this.#take('if');
    for (;;) {
      const condition = this.list();
      this.#take('then');
      branches.push({ condition, body: this.list() });
      const next = this.#reserved();
      this.#take(next === 'elif' || next === 'else' ? next : 'fi');
      if (next === 'elif') continue;
      if (next === 'else') {
        otherwise = this.list();
        this.#take('fi');
      }
      return { kind: 'if', branches, otherwise };
    }
  }

  #doGroup(): List {
    this.#newlines();
    this.#take('do');
    const body = this.list();
    this.#take('done');
    return body;
  }

  #for(): Command {
    this.#take('for');
    this.#blanks();
    const name = /^[A-Za-z_]\w*/.exec(this.#cursor.rest(0))?.[0];
    if (name === undefined) throw this.#cursor.error('a name is needed');
    this.#cursor.skip(name.length);
    this.#newlines();
    let words: Word[] | null = null;
    if (this.#reserved() === 'in') {
      this.#cursor.skip(2);
      words = [];
      for (let word = this.#word(); word !== null; word = this.#word()) words.push(word);
    }
    this.#blanks();
    if (this.#cursor.peek() === ';') this.#cursor.next();
    return { kind: 'for', name, words, body: this.#doGroup() };
  }

  #case(): Command {
    this.#take('case');
    const subject = this.#word();
    if (subject === null) throw this.#cursor.error('a word is needed');
    this.#newlines();
    this.#take('in');
    const branches: { patterns: Word[]; body: List }[] = [];
    for (this.#newlines(); this.#reserved() !== 'esac'; this.#newlines()) {
      if (this.#cursor.peek() === '(') this.#cursor.next();
      const patterns: Word[] = [];
      for (;;) {
        const pattern = this.#word();
        if (pattern === null) throw this.#cursor.error('a pattern is needed');
        patterns.push(pattern);
        this.#blanks();
        if (this.#cursor.peek() !== '|') break;
        this.#cursor.next();
      }
      this.#cursor.expect(')', 'a closing parenthesis');
      branches.push({ patterns, body: this.list() });
      this.#newlines();
      if (this.#cursor.peek() === ';' && this.#cursor.peek(1) === ';') this.#cursor.skip(2);
    }
    this.#take('esac');
    return { kind: 'case', subject, branches };
  }

  #function(): Command | null {
    const head = /^([A-Za-z_]\w*)[ \t]*\([ \t]*\)/.exec(this.#cursor.rest(0));
    if (head === null) return null;
    this.#cursor.skip(head[0].length);
    this.#newlines();
    return { kind: 'function', name: head[1]!, body: this.#command() };
  }

  #simple(): Redirected {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const redirect = this.#redirect();
      if (redirect !== null) {
        redirects.push(redirect);
        continue;
      }
      const assigned = words.length === 0 ? /^([A-Za-z_]\w*)=/.exec(this.#cursor.rest(0)) : null;
      if (assigned !== null) {
        this.#cursor.skip(assigned[0].length);
        assignments.push({ name: assigned[1]!, value: this.#wordHere() ?? [] });
        continue;
      }
      const word = this.#wordHere();
      if (word === null) break;
      words.push(word);
    }
    if (assignments.length + words.length + redirects.length === 0) throw this.#cursor.error('a command is needed');
    return { command: { kind: 'simple', assignments, words }, redirects };
  }

  #redirect(): Redirect | null {
    this.#blanks();
    const found = /^(\d?)(<<-|<<|<>|<&|>>|>&|>\||<|>)/.exec(this.#cursor.rest(0));
    if (found === null) return null;
    const [all, digit = '', operator = ''] = found;
    this.#cursor.skip(all.length);
    const fd = digit === '' ? (operator.startsWith('<') ? 0 : 1) : Number(digit);
    const word = this.#word();
    if (word === null) throw this.#cursor.error('a word is needed');
    if (operator !== '<<' && operator !== '<<-') return { fd, operator: operator as '<', target: word };
    const redirect: { fd: number; operator: '<<'; target: Word } = { fd, operator: '<<', target: [] };
    this.#pending.push({
      end: word.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
      literal: word.some(({ quoted }) => quoted),
      strip_tabs: operator === '<<-',
      fill: (target) => (redirect.target = target),
    });
    return redirect;
  }

  #word(): Word | null {
    this.#blanks();
    return this.#wordHere();
  }

  #wordHere(): Word | null {
    return readWord(this.#cursor, (cursor) => {
      if (cursor === this.#cursor) return this.list();
      const inner = new Reader(cursor);
      const list = inner.list();
      inner.end();
      return list;
    });
  }

  /** The reserved word that stands here, '' when none does. */
  #reserved(): string {
    this.#blanks();
    return /^(?:[a-z]+|[!{}])(?=[ \t\n;&|<>()]|$)/.exec(this.#cursor.rest(0))?.[0] ?? '';
  }

  #take(word: string): void {
    this.#newlines();
    if (this.#reserved() !== word) throw this.#cursor.error(`"${word}" is needed`);
    this.#cursor.skip(word.length);
  }

  #blanks(): void {
    const cursor = this.#cursor;
    for (;;) {
      const char = cursor.peek();
      if (char === ' ' || char === '\t') cursor.next();
      else if (char === '\\' && cursor.peek(1) === '\n') cursor.skip(2);
      else if (char === '#') while (cursor.peek() !== '' && cursor.peek() !== '\n') cursor.next();
      else return;
    }
  }

  #newlines(): void {
    for (this.#blanks(); this.#cursor.peek() === '\n'; this.#blanks()) {
      this.#cursor.next();
      this.#hereDocuments();
    }
  }

  #hereDocuments(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { end, literal, strip_tabs, fill } of pending) {
      let text = '';
      for (;;) {
        const line = this.#cursor.line();
        if (line === null)
          throw new SyntaxFault(`unexpected end of file: a here-document is not ended by ${end}`, true);
        const kept = strip_tabs ? line.replace(/^\t+/, '') : line;
        if (kept === end) break;
        text += `${kept}\n`;
      }
      fill(literal ? [{ kind: 'text', text, quoted: true }] : hereText(this.#cursor.inside(text)));
    }
  }
}

function hereText(cursor: Cursor): Word {
  return readHereText(cursor, (inner) => new Reader(inner).list());
}
