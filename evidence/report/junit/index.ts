// JUnit XML: each test case as a result.
import { type Format, type Source, verdictOf } from '../../document.ts';
import { childOf, type XmlElement } from '../../xml.ts';
import type { ReportResult } from '../model.ts';
import { resultOf } from '../read.ts';

export const junit: Format = {
  name: 'junit',
  claims: (source) => source.syntax === 'xml' && (source.root.name === 'testsuites' || source.root.name === 'testsuite'),
  async read(source: Source) {
    const results = source.syntax === 'xml' ? casesOf(source.root) : [];
    return { version: null, verdict: verdictOf([]), deviations: [], view: { report: { tool: 'junit', toolVersion: null, subjects: [], results } } };
  },
};

function casesOf(element: XmlElement): ReportResult[] {
  return element.children.flatMap((child) => {
    if (child.name === 'testsuite') return casesOf(child);
    return child.name === 'testcase' ? [caseOf(child)] : [];
  });
}

function caseOf(element: XmlElement): ReportResult {
  const { classname, name = '', file, line } = element.attributes;
  const broken = childOf(element, 'failure') ?? childOf(element, 'error');
  const skipped = childOf(element, 'skipped') !== undefined;
  return resultOf(classname === undefined || classname === '' ? name : `${classname}.${name}`, {
    level: broken === undefined ? 'none' : 'error',
    kind: broken !== undefined ? 'fail' : skipped ? 'notApplicable' : 'pass',
    severity: broken === undefined ? null : broken.name,
    path: file ?? null,
    line: line !== undefined && /^[1-9][0-9]{0,8}$/.test(line) ? Number(line) : null,
  });
}
