// The `formats` suites: documents of other projects, read strictly, each verdict against the label its case carries.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Suite } from './suite.ts';
import { casesBelow, type Reader } from './formats/case.ts';
import { csaf } from './formats/csaf.ts';
import { documents } from './formats/documents.ts';
import { inToto } from './formats/in-toto.ts';
import { jcs, json } from './formats/json.ts';
import { sarif } from './formats/sarif.ts';
import { dsse } from './formats/dsse.ts';
import { slsa } from './formats/slsa.ts';

const CYCLONEDX = ['1.2', '1.3', '1.4', '1.5', '1.6', '1.7'];

/** One reader a format: what its cases are and when one agrees. A folder without a line here belongs to another suite. */
const READERS: Readonly<Record<string, Reader>> = {
  cyclonedx: documents('cyclonedx', CYCLONEDX),
  'cyclonedx-vex': documents('cyclonedx', CYCLONEDX),
  'in-toto': inToto,
  dsse,
  jcs,
  oscal: documents('oscal', []),
  sarif,
  'spdx-3.0.1': documents('spdx-3', ['3.0.1']),
  csaf,
  openvex: documents('openvex', ['0.2.0']),
  'spdx-2.3': documents('spdx-2', ['SPDX-2.2', 'SPDX-2.3']),
  json,
  slsa,
};

const suite: Suite = {
  argument: 'formats',
  needs: ['formats'],
  async *outcomes(corpora: string): AsyncIterable<Outcome> {
    for (const [format, read] of Object.entries(READERS)) {
      const folder = join(corpora, 'formats', format);
      if (!existsSync(folder)) continue;
      for (const one of casesBelow(folder)) {
        for await (const answer of read(one)) yield { suite: `formats/${format}`, ...answer, id: answer.id ?? one.id };
      }
    }
  },
};

export default suite;
