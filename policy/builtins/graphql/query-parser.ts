// Reads GraphQL's executable documents: operations and fragments.
import { Parser } from './parser.ts';
import type { Field, Fragment, Operation, Query, Selection, VariableDefinition } from './tree.ts';

/** @throws {GraphqlError} at the first thing that is wrong */
export function parseQuery(text: string): Query {
  return new QueryParser(text).document();
}

class QueryParser extends Parser {
  document(): Query {
    const query: Query = { Operations: [], Fragments: [], Comment: null };
    for (let token = this.peek(); token.kind !== '<EOF>'; token = this.peek()) {
      const word = token.kind === 'Name' ? token.value : token.kind;
      if (word === 'query' || word === 'mutation' || word === 'subscription' || word === '{') query.Operations.push(this.#operation());
      else if (word === 'fragment') query.Fragments.push(this.#fragment());
      else throw this.unexpected();
    }
    return query;
  }

  #operation(): Operation {
    const at = this.here();
    if (this.peek().kind === '{') {
      const set = this.#selections();
      return { Operation: 'query', Name: '', VariableDefinitions: [], Directives: [], SelectionSet: set, Comment: null, at };
    }
    const Comment = this.comment;
    return {
      Operation: this.operationType(),
      Name: this.peek().kind === 'Name' ? this.take().value : '',
      VariableDefinitions: this.#variables(),
      Directives: this.directives(false),
      SelectionSet: this.#selections(),
      Comment,
      at,
    };
  }

  #fragment(): Fragment {
    const at = this.here();
    const Comment = this.comment;
    this.expectWord('fragment');
    const Name = this.#fragmentName();
    const VariableDefinition = this.#variables();
    this.expectWord('on');
    const TypeCondition = this.name();
    return { Name, VariableDefinition, TypeCondition, Directives: this.directives(false), SelectionSet: this.#selections(), Comment, at };
  }

  #fragmentName(): string {
    if (this.peek().value === 'on') throw this.unexpected();
    return this.name();
  }

  #variables(): VariableDefinition[] {
    const variables: VariableDefinition[] = [];
    this.some('(', ')', () => variables.push(this.#variableDefinition()));
    return variables;
  }

  #variableDefinition(): VariableDefinition {
    const at = this.here();
    const Comment = this.comment;
    const Variable = this.variable();
    this.expect(':');
    const Type = this.type();
    const DefaultValue = this.skip('=') ? this.literal(true) : null;
    return { Variable, Type, DefaultValue, Directives: this.directives(false), Used: false, Comment, at };
  }

  #selections(): Selection[] {
    const token = this.peek();
    if (token.kind !== '{') throw this.fail(token, `Expected {, found ${token.kind}`);
    return this.nested(() => {
      const selections: Selection[] = [];
      this.some('{', '}', () => selections.push(this.peek().kind === '...' ? this.#spread() : this.#field()));
      return selections;
    });
  }

  #field(): Field {
    const at = this.here();
    const Comment = this.comment;
    const Alias = this.name();
    const Name = this.skip(':') ? this.name() : Alias;
    const Arguments = this.arguments(false);
    const Directives = this.directives(false);
    return { kind: 'field', Alias, Name, Arguments, Directives, SelectionSet: this.peek().kind === '{' ? this.#selections() : [], Comment, at };
  }

  #spread(): Selection {
    const Comment = this.expect('...');
    const token = this.peek();
    const { at } = token;
    if (token.kind === 'Name' && token.value !== 'on') {
      return { kind: 'spread', Name: this.#fragmentName(), Directives: this.directives(false), Comment, at };
    }
    let TypeCondition = '';
    // OPA compares the text alone: a string "on" does as well.
    if (token.value === 'on') {
      this.take();
      TypeCondition = this.name();
    }
    return { kind: 'inline', TypeCondition, Directives: this.directives(false), SelectionSet: this.#selections(), Comment, at };
  }
}
