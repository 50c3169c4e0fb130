// What tools write and the schema of SPDX 2.3 does not allow, mended in a copy, each repair listed.
import { isJsonObject, type Json } from '../../../ledger/json.ts';
import type { Deviation } from '../../document.ts';
import { below, objectsAt, textAt } from '../../json-view.ts';

/** Mends the copy in place. @returns what was mended */
export function repairSpdx(document: Json): Deviation[] {
  const repairs: Deviation[] = [];
  const repaired = (pointer: string, message: string) => repairs.push({ code: 'REPAIRED', pointer, message });
  if (!isJsonObject(document)) return repairs;
  const info = document['creationInfo'];
  if (isJsonObject(info) && typeof info['creators'] === 'string') {
    info['creators'] = [info['creators']];
    repaired('/creationInfo/creators', 'a single creator, read as a list of one');
  }
  objectsAt(document, 'packages').forEach((one, i) => {
    const pointer = below('', 'packages', i);
    if (one['downloadLocation'] === undefined) {
      one['downloadLocation'] = 'NOASSERTION';
      repaired(pointer, 'no downloadLocation, read as NOASSERTION');
    }
    const purpose = textAt(one, 'primaryPackagePurpose');
    const word = purpose?.toUpperCase().replaceAll('-', '_');
    if (purpose !== undefined && word !== undefined && purpose !== word) {
      one['primaryPackagePurpose'] = word;
      repaired(below(pointer, 'primaryPackagePurpose'), `the schema spells "${word}"`);
    }
    objectsAt(one, 'externalRefs').forEach((reference, j) => {
      const category = textAt(reference, 'referenceCategory');
      // The text of the specification has an underscore where its schema has a dash.
      const fixed = category?.toUpperCase().replaceAll('_', '-');
      if (category === undefined || fixed === undefined || fixed === category) return;
      reference['referenceCategory'] = fixed;
      repaired(below(pointer, 'externalRefs', j, 'referenceCategory'), `the schema spells "${fixed}"`);
    });
    for (const key of Object.keys(one)) {
      if (PACKAGE_MEMBERS.has(key)) continue;
      delete one[key];
      repaired(below(pointer, key), 'a member that the schema does not know, left out');
    }
  });
  objectsAt(document, 'relationships').forEach((relationship, i) => {
    if (relationship['relationshipType'] !== 'DESCRIBE') return;
    relationship['relationshipType'] = 'DESCRIBES';
    repaired(below('', 'relationships', i, 'relationshipType'), 'the schema spells "DESCRIBES"');
  });
  return repairs;
}

const PACKAGE_MEMBERS = new Set(
  ('SPDXID annotations attributionTexts builtDate checksums comment copyrightText description downloadLocation externalRefs filesAnalyzed hasFiles homepage'
    + ' licenseComments licenseConcluded licenseDeclared licenseInfoFromFiles name originator packageFileName packageVerificationCode primaryPackagePurpose'
    + ' releaseDate sourceInfo summary supplier validUntilDate versionInfo').split(' '),
);
