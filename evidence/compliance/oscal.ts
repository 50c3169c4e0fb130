// OSCAL 1.1: recognised and checked against the official schema; what it says stays in the document.
import { isJsonObject } from '../../ledger/json.ts';
import { type Format, type Source, verdictOf } from '../document.ts';
import { textAt } from '../json-view.ts';
import { violationOf } from '../schemas/index.ts';

const MODELS = [
  'assessment-results',
  'assessment-plan',
  'catalog',
  'component-definition',
  'plan-of-action-and-milestones',
  'profile',
  'system-security-plan',
];

export const oscal: Format = {
  name: 'oscal',
  claims: (source) => source.syntax === 'json' && MODELS.some((model) => textAt(source.json, model, 'uuid') !== undefined),
  async read(source: Source) {
    const json = source.syntax === 'json' ? source.json : null;
    const model = isJsonObject(json) ? MODELS.find((name) => name in json) : undefined;
    const version = model === undefined ? null : (textAt(json, model, 'metadata', 'oscal-version') ?? null);
    if (version !== null && !/^1\.[01]\./.test(version)) {
      const message = 'expected version 1.0 or 1.1';
      const deviations = [{ code: 'SCHEMA_VIOLATED', pointer: `/${model}/metadata/oscal-version`, message }] as const;
      return { version, verdict: 'unsupported_version', deviations, view: {} };
    }
    const violation = await violationOf('oscal-1.1.3', json);
    if (violation !== null) return { version, verdict: 'invalid_schema', deviations: [violation], view: {} };
    return { version, verdict: verdictOf([]), deviations: [], view: {} };
  },
};
