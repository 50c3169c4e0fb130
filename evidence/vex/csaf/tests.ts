// The tests of CSAF 2.0 §6.1 and §6.2: those of the kept validator library, and ours where it decides otherwise than the standard.
import { clip } from '../../../ledger/errors.ts';
import type { Json } from '../../../ledger/json.ts';
import type { Deviation } from '../../document.ts';
import { objectsAt, textAt } from '../../json-view.ts';

type Found = readonly { readonly instancePath?: string; readonly message?: string }[];

/** One test: mandatory ones answer with errors, optional ones with warnings. Some are asynchronous. */
export interface CsafTest {
  (document: Json): Outcome | Promise<Outcome>;
}

interface Outcome {
  readonly errors?: Found;
  readonly warnings?: Found;
}

/**
 * Runs the mandatory tests, then the optional ones.
 *
 * @param document - already valid by the schema: the library's tests expect its shape
 * @returns what broke a mandatory test, and what an optional one would have better
 */
export async function runCsafTests(document: Json): Promise<{ broken: Deviation[]; recommended: Deviation[] }> {
  const [mandatory, optional] = await Promise.all([
    import('@secvisogram/csaf-validator-lib/mandatoryTests.js'),
    import('@secvisogram/csaf-validator-lib/optionalTests.js'),
  ]);
  const broken: Deviation[] = [];
  for (const [name, test] of testsOf(mandatory)) broken.push(...found('RULE_VIOLATED', name, (await (OURS[name] ?? test)(document)).errors));
  const recommended: Deviation[] = [];
  for (const [name, test] of testsOf(optional)) recommended.push(...found('RECOMMENDED', name, (await test(document)).warnings));
  return { broken, recommended };
}

function testsOf(module: object): [name: string, test: CsafTest][] {
  return Object.entries(module as Record<string, CsafTest>).filter(([name]) => /Test_6_/.test(name)).map(([name, test]) => [numberOf(name), test]);
}

/** `mandatoryTest_6_1_27_1` is test 6.1.27.1. */
function numberOf(name: string): string {
  return name.slice(name.indexOf('_') + 1).replaceAll('_', '.');
}

function found(code: 'RULE_VIOLATED' | 'RECOMMENDED', test: string, list: Found | undefined): Deviation[] {
  return (list ?? []).map((one) => ({ code, pointer: one.instancePath ?? '', message: `test ${test}: ${clip(one.message ?? 'not met')}` }));
}

const OURS: Readonly<Record<string, CsafTest>> = { '6.1.21': revisionsWithoutGap, '6.1.26': prohibitedCategory };

/** 6.1.21. The library orders by date alone, so that two revisions of one instant come in the order they stand in. */
function revisionsWithoutGap(document: Json): Outcome {
  const revisions = objectsAt(document, 'document', 'tracking', 'revision_history').map((revision) => ({
    time: Date.parse(textAt(revision, 'date') ?? ''),
    major: Number.parseInt(textAt(revision, 'number') ?? '', 10),
  }));
  const majors = [...new Set(revisions.sort((a, b) => a.time - b.time || a.major - b.major).map((revision) => revision.major))];
  const first = majors[0] ?? 1;
  const instancePath = '/document/tracking/revision_history';
  if (first !== 0 && first !== 1) return { errors: [{ instancePath, message: `the first revision is ${first}, expected 0 or 1` }] };
  const gap = majors.findIndex((major, i) => major > first + i);
  return { errors: gap < 0 ? [] : [{ instancePath, message: `version ${first + gap} was left out` }] };
}

const PROFILES = ['csaf_security_incident_response', 'csaf_informational_advisory', 'csaf_security_advisory', 'csaf_vex'];

/** 6.1.26. A category that only looks like a profile's name; the library forgets the name with its prefix run together. */
function prohibitedCategory(document: Json): Outcome {
  const category = textAt(document, 'document', 'category') ?? '';
  if (category === 'csaf_base' || PROFILES.includes(category)) return {};
  const folded = category.toLowerCase().replace(/[-_\s]+/g, '');
  const taken = PROFILES.map((profile) => profile.replaceAll('_', '')).flatMap((name) => [name, name.slice('csaf'.length)]);
  const reserved = category.toLowerCase().startsWith('csaf_');
  if (!reserved && !taken.includes(folded)) return {};
  return { errors: [{ instancePath: '/document/category', message: reserved ? 'the prefix "csaf_" is reserved' : 'this is the name of another profile' }] };
}
