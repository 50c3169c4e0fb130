// What the language of v1 demands of a rule beyond its grammar.
import { isMultiValue, type Rule } from './ast.ts';
import type { PolicyError } from './errors.ts';
import { isKeyword } from './parser-state.ts';

export function checkRegoV1(rule: Rule): PolicyError[] {
  const { head, loc } = rule;
  const kind = head.args.length > 0 ? 'function' : 'rule';
  const messages: string[] = [];
  if (head.ref.length < 2 && isKeyword(head.name, 1)) messages.push(`${head.name} keyword cannot be used for rule name`);
  if (rule.generatedBody && head.generatedValue) messages.push(`${kind} must have value assignment and/or body declaration`);
  if (!rule.generatedBody && !head.keywords.has('if') && !rule.isDefault) messages.push(`\`if\` keyword is required before ${kind} body`);
  if (isMultiValue(head) && !head.keywords.has('contains')) messages.push('`contains` keyword is required for partial set rules');
  return messages.map((message) => ({ code: 'rego_parse_error', message, location: loc }));
}
