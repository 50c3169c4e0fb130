// The older OpenVEX dialect and what its tools write, mended in a copy towards 0.2.0, each repair listed.
import { isJsonObject, type Json, type JsonObject } from '../../../ledger/json.ts';
import type { Deviation } from '../../document.ts';
import { below, objectsAt, textAt } from '../../json-view.ts';
import { JUSTIFICATIONS } from '../words.ts';

export const CONTEXT = 'https://openvex.dev/ns/v0.2.0';
/** Stands for a document identifier that is not there; the view shows none. */
export const ABSENT = 'about:invalid';

type Note = (pointer: string, message: string) => void;

/** Mends the copy in place. @returns what was mended */
export function repairOpenvex(document: Json): Deviation[] {
  const repairs: Deviation[] = [];
  const note: Note = (pointer, message) => repairs.push({ code: 'REPAIRED', pointer, message });
  if (!isJsonObject(document)) return repairs;
  if (document['@context'] !== CONTEXT) {
    document['@context'] = CONTEXT;
    note('/@context', 'an older context, read as version 0.2.0');
  }
  if (document['@id'] === undefined) {
    document['@id'] = ABSENT;
    note('/@id', 'no identifier');
  }
  if (typeof document['version'] === 'string' && /^[1-9][0-9]{0,8}$/.test(document['version'])) {
    document['version'] = Number(document['version']);
    note('/version', 'a text, read as a number');
  } else if (document['version'] === undefined) {
    document['version'] = 1;
    note('/version', 'no version, read as 1');
  }
  objectsAt(document, 'statements').forEach((statement, i) => repairStatement(statement, below('', 'statements', i), note));
  if (document['timestamp'] === undefined) {
    const times = objectsAt(document, 'statements').map((statement) => textAt(statement, 'timestamp') ?? '').sort();
    // Each statement must have a time of its own: the document's cannot be invented.
    if (times.length > 0 && times[0] !== '') {
      document['timestamp'] = times.at(-1) as string;
      note('/timestamp', 'no timestamp, read as the newest statement’s');
    }
  }
  dropUnknown(document, DOCUMENT_MEMBERS, '', note);
  return repairs;
}

function repairStatement(statement: JsonObject, pointer: string, note: Note): void {
  if (typeof statement['vulnerability'] === 'string') {
    statement['vulnerability'] = { name: statement['vulnerability'] };
    note(below(pointer, 'vulnerability'), 'a text, read as a name');
  }
  repairProducts(statement, 'products', pointer, note);
  if (Array.isArray(statement['subcomponents'])) {
    repairProducts(statement, 'subcomponents', pointer, note);
    const parts = statement['subcomponents'];
    for (const product of objectsAt(statement, 'products')) product['subcomponents'] = [...objectsAt(product, 'subcomponents'), ...parts];
    delete statement['subcomponents'];
    note(below(pointer, 'subcomponents'), 'subcomponents of the statement, read as each product’s');
  }
  const justification = textAt(statement, 'justification');
  if (justification !== undefined && (statement['status'] !== 'not_affected' || !JUSTIFICATIONS.some((one) => one === justification))) {
    delete statement['justification'];
    const why = statement['status'] === 'not_affected' ? 'an unknown justification' : 'a justification beside another status than "not_affected"';
    note(below(pointer, 'justification'), `${why}, left out`);
  }
  dropUnknown(statement, STATEMENT_MEMBERS, pointer, note);
}

function repairProducts(statement: JsonObject, member: string, pointer: string, note: Note): void {
  const items = statement[member];
  if (!Array.isArray(items)) return;
  items.forEach((item, i) => {
    if (typeof item !== 'string') return;
    items[i] = { '@id': item };
    note(below(pointer, member, i), 'a text, read as an identifier');
  });
}

function dropUnknown(object: JsonObject, known: ReadonlySet<string>, pointer: string, note: Note): void {
  for (const key of Object.keys(object)) {
    if (known.has(key)) continue;
    delete object[key];
    note(below(pointer, key), 'a member that the schema does not know, left out');
  }
}

const DOCUMENT_MEMBERS = new Set(['@context', '@id', 'author', 'role', 'timestamp', 'last_updated', 'version', 'tooling', 'statements']);
const STATEMENT_MEMBERS = new Set(
  ('@id version vulnerability timestamp last_updated products status supplier status_notes justification impact_statement action_statement'
    + ' action_statement_timestamp').split(' '),
);
