// Minder's evaluation results: a profile's status by rule, or the evaluation history.
import type { JsonObject } from '../../../ledger/json.ts';
import { at, objectsAt, textAt } from '../../json-view.ts';
import type { ReportResult } from '../model.ts';
import { levelOf, reportFormat, resultOf } from '../read.ts';

export const minder = reportFormat({
  name: 'minder',
  claims(json) {
    const [first] = objectsAt(json, 'data');
    return at(json, 'ruleEvaluationStatus') !== undefined || (at(first, 'rule') !== undefined && at(first, 'evaluatedAt') !== undefined);
  },
  version: () => null,
  lists: [['ruleEvaluationStatus'], ['data']],
  read: (json) => ({
    tool: 'minder',
    toolVersion: null,
    subjects: [],
    results: [...objectsAt(json, 'ruleEvaluationStatus').map(ofStatus), ...objectsAt(json, 'data').map(ofHistory)],
  }),
});

function ofStatus(one: JsonObject): ReportResult {
  const name = textAt(one, 'ruleTypeName') ?? textAt(one, 'ruleName') ?? textAt(one, 'ruleId') ?? '';
  return evaluated(name, textAt(one, 'status'), textAt(one, 'severity', 'value'), textAt(one, 'entityInfo', 'name') ?? textAt(one, 'entity'));
}

function ofHistory(one: JsonObject): ReportResult {
  const name = textAt(one, 'rule', 'ruleType') ?? textAt(one, 'rule', 'name') ?? '';
  return evaluated(name, textAt(one, 'status', 'status'), textAt(one, 'rule', 'severity', 'value'), textAt(one, 'entity', 'name'));
}

const KINDS: Readonly<Record<string, string>> = { success: 'pass', failure: 'fail', error: 'open', pending: 'open', skipped: 'notApplicable' };

function evaluated(rule: string, status: string | undefined, severity: string | undefined, entity: string | undefined): ReportResult {
  const word = severity?.replace(/^VALUE_/, '').toLowerCase() ?? null;
  const kind = KINDS[status ?? ''] ?? 'open';
  return resultOf(rule, { kind, level: kind === 'fail' ? levelOf(word) : 'none', severity: word, path: entity ?? null });
}
