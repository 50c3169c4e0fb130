// The tests of CSAF 2.0 §6.1 and §6.2: those of the kept validator library that load quickly, and ours.
import { clip } from '../../../ledger/errors.ts';
import type { Json } from '../../../ledger/json.ts';
import type { Deviation } from '../../document.ts';
import { objectsAt, textsAt } from '../../json-view.ts';
import { MANDATORY, OPTIONAL, type OwnTest } from './own-tests.ts';

/** What a test of the library answers: mandatory ones errors, optional ones warnings. Some are asynchronous. */
interface Outcome {
  readonly errors?: readonly Place[];
  readonly warnings?: readonly Place[];
}

interface Place {
  readonly instancePath?: string;
  readonly message?: string;
}

type Load = () => Promise<{ default: unknown }>;
type Test = (document: Json) => Outcome | Promise<Outcome>;

/**
 * Runs the mandatory tests, then the optional ones. Test 6.1.8, valid CVSS objects, is part of the compiled schema.
 *
 * @param document - already valid by the schema: the library's tests expect its shape
 * @returns what broke a mandatory test, and what an optional one would have better
 */
export async function runCsafTests(document: Json): Promise<{ broken: Deviation[]; recommended: Deviation[] }> {
  const broken = [...own('RULE_VIOLATED', MANDATORY, document), ...(await theirs('RULE_VIOLATED', THEIRS_MANDATORY, document))];
  const optional = scoresFixed(document) ? { ...THEIRS_OPTIONAL, ...THEIRS_FOR_SCORES } : THEIRS_OPTIONAL;
  return { broken, recommended: [...own('RECOMMENDED', OPTIONAL, document), ...(await theirs('RECOMMENDED', optional, document))] };
}

type Code = 'RULE_VIOLATED' | 'RECOMMENDED';

function own(code: Code, tests: Readonly<Record<string, OwnTest>>, document: Json): Deviation[] {
  return Object.entries(tests).flatMap(([number, test]) => test(document).map(([pointer, message]) => deviation(code, number, pointer, message)));
}

async function theirs(code: Code, tests: Readonly<Record<string, Load>>, document: Json): Promise<Deviation[]> {
  const found: Deviation[] = [];
  for (const [number, load] of Object.entries(tests)) {
    const test = (await load()).default as Test;
    const { errors = [], warnings = [] } = await answerOf(test, document);
    for (const place of [...errors, ...warnings]) found.push(deviation(code, number, place.instancePath ?? '', place.message ?? 'not met'));
  }
  return found;
}

/** A stranger's document may be one that the library's author did not think of: a test that fails to answer is one not met. */
async function answerOf(test: Test, document: Json): Promise<Outcome> {
  try {
    return await test(document);
  } catch (error) {
    return { errors: [{ instancePath: '', message: `gave no answer: ${String(error)}` }] };
  }
}

function deviation(code: Code, test: string, pointer: string, message: string): Deviation {
  return { code, pointer, message: `test ${test}: ${clip(message)}` };
}

/** Whether any product that is fixed has a score: only then 6.2.19 has something to look at. */
function scoresFixed(document: Json): boolean {
  return objectsAt(document, 'vulnerabilities').some((vulnerability) => {
    const fixed = new Set([...textsAt(vulnerability, 'product_status', 'fixed'), ...textsAt(vulnerability, 'product_status', 'first_fixed')]);
    return objectsAt(vulnerability, 'scores').some((score) => textsAt(score, 'products').some((product) => fixed.has(product)));
  });
}

const THEIRS_MANDATORY: Readonly<Record<string, Load>> = {
  '6.1.1': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_1.js'),
  '6.1.2': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_2.js'),
  '6.1.3': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_3.js'),
  '6.1.4': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_4.js'),
  '6.1.5': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_5.js'),
  '6.1.6': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_6.js'),
  '6.1.7': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_7.js'),
  '6.1.9': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_9.js'),
  '6.1.10': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_10.js'),
  '6.1.11': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_11.js'),
  '6.1.12': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_12.js'),
  '6.1.13': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_13.js'),
  '6.1.14': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_14.js'),
  '6.1.15': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_15.js'),
  '6.1.16': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_16.js'),
  '6.1.17': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_17.js'),
  '6.1.18': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_18.js'),
  '6.1.19': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_19.js'),
  '6.1.20': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_20.js'),
  '6.1.22': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_22.js'),
  '6.1.23': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_23.js'),
  '6.1.24': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_24.js'),
  '6.1.25': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_25.js'),
  '6.1.27.1': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_1.js'),
  '6.1.27.2': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_2.js'),
  '6.1.27.3': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_3.js'),
  '6.1.27.4': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_4.js'),
  '6.1.27.5': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_5.js'),
  '6.1.27.6': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_6.js'),
  '6.1.27.7': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_7.js'),
  '6.1.27.8': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_8.js'),
  '6.1.27.9': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_9.js'),
  '6.1.27.10': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_10.js'),
  '6.1.27.11': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_27_11.js'),
  '6.1.28': () => import('@secvisogram/csaf-validator-lib/lib/mandatoryTests/mandatoryTest_6_1_28.js'),
};

const THEIRS_OPTIONAL: Readonly<Record<string, Load>> = {
  '6.2.9': () => import('@secvisogram/csaf-validator-lib/lib/optionalTests/optionalTest_6_2_9.js'),
  '6.2.13': () => import('@secvisogram/csaf-validator-lib/lib/optionalTests/optionalTest_6_2_13.js'),
  '6.2.14': () => import('@secvisogram/csaf-validator-lib/lib/optionalTests/optionalTest_6_2_14.js'),
  '6.2.15': () => import('@secvisogram/csaf-validator-lib/lib/optionalTests/optionalTest_6_2_15.js'),
  '6.2.20': () => import('@secvisogram/csaf-validator-lib/lib/optionalTests/optionalTest_6_2_20.js'),
};

/** It calculates scores, and takes a fifth of a second to load. */
const THEIRS_FOR_SCORES: Readonly<Record<string, Load>> = {
  '6.2.19': () => import('@secvisogram/csaf-validator-lib/lib/optionalTests/optionalTest_6_2_19.js'),
};
