// The string formats that the official schemas name, each as its RFC says, in linear time.

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d+)?(?:[zZ]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month >= 1 && month <= 12 && day >= 1 && day <= (DAYS[month - 1] as number) + (leap ? 1 : 0);
}

/** RFC 3339 §5.6, `T` and the space that its note allows. A zone is required. */
function isDateTime(text: string): boolean {
  return isDate(text.slice(0, 10)) && /^[tT\s]$/.test(text.slice(10, 11)) && TIME.test(text.slice(11));
}

// RFC 3986 with a scheme; no white space, no character that a URI must escape.
const URI = /^[a-zA-Z][a-zA-Z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9a-fA-F]{2})*$/;
const URI_REFERENCE = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9a-fA-F]{2})*$/;
const EMAIL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** What ajv asks for by name; the official samples decide between readings (`iri-reference` is lax, see spec/evidence.md). */
export const formats: Readonly<Record<string, RegExp | ((text: string) => boolean) | true>> = {
  date: isDate,
  'date-time': isDateTime,
  uri: URI,
  'uri-reference': URI_REFERENCE,
  // Published feeds name themselves with relative references: a reader lists that as a deviation.
  iri: true,
  // The official CycloneDX samples hold references with spaces and braces: no reading of RFC 3987 accepts them all.
  'iri-reference': true,
  email: EMAIL,
  'idn-email': /^[^\s@]+@[^\s@]+$/,
};
