// OpenSSF Scorecard's JSON report: each check with its score from 0 to 10, −1 where it could not tell.
import { at, objectsAt, textAt } from '../../json-view.ts';
import { reportFormat, resultOf } from '../read.ts';

export const scorecard = reportFormat({
  name: 'scorecard',
  claims: (json) => at(json, 'scorecard') !== undefined && at(json, 'checks') !== undefined,
  version: (json) => textAt(json, 'scorecard', 'version') ?? null,
  lists: [['checks']],
  read: (json) => {
    const commit = textAt(json, 'repo', 'commit') ?? '';
    return {
      tool: 'scorecard',
      toolVersion: textAt(json, 'scorecard', 'version') ?? null,
      subjects: /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(commit) ? [['gitCommit', commit]] : [],
      results: objectsAt(json, 'checks').map((check) => {
        const score = at(check, 'score');
        const known = typeof score === 'number' && score >= 0;
        const level = !known || score === 10 ? 'none' : score < 5 ? 'error' : 'warning';
        return resultOf(textAt(check, 'name') ?? '', { level, kind: !known ? 'open' : score === 10 ? 'pass' : 'fail', severity: known ? String(score) : null });
      }),
    };
  },
});
