// Requests signed for AWS (Signature Version 4) at a given time.
import { createHash, createHmac } from 'node:crypto';
import { formatJson } from '../rego/json.ts';
import { Num } from '../rego/number.ts';
import { bytesOfText, compareStrings, EMPTY_OBJECT, ObjectBuilder, RegoObject, type Value } from '../rego/value.ts';
import { asNumber, asObject, type Builtin, OperandError, wrongType } from './builtin.ts';
import { formatTime } from './time-layout.ts';
import { escapedPath, parseUri } from './uri.ts';

const REQUIRED = ['aws_access_key', 'aws_region', 'aws_secret_access_key', 'aws_service'];
const ALLOWED = new Set([
  'method', 'url', 'body', 'raw_body', 'headers', 'enable_redirect', 'force_json_decode', 'force_yaml_decode', 'timeout', 'raise_error',
  'tls_use_system_certs', 'tls_ca_cert', 'tls_ca_cert_file', 'tls_ca_cert_env_variable', 'tls_client_cert', 'tls_client_cert_file',
  'tls_client_cert_env_variable', 'tls_client_key', 'tls_client_key_file', 'tls_client_key_env_variable', 'tls_insecure_skip_verify',
  'tls_server_name', 'cache', 'force_cache', 'force_cache_duration_seconds', 'caching_mode', 'max_retry_attempts', 'cache_ignored_headers',
]);
const IGNORED = new Set(['authorization', 'user-agent', 'x-amzn-trace-id']);

const setOf = (names: readonly string[]) => `{${names.map((name) => JSON.stringify(name)).join(', ')}}`;
const text = (value: Value | undefined) => typeof value === 'string' ? value : '';
const sha256 = (given: string) => createHash('sha256').update(bytesOfText(given)).digest('hex');
const mac = (key: Uint8Array, message: string) => createHmac('sha256', key).update(bytesOfText(message)).digest();

function checkConfig(config: RegoObject): void {
  const missing = REQUIRED.filter((name) => config.get(name) === undefined);
  if (missing.length > 0) throw new OperandError(2, `missing required AWS config parameters(s): ${setOf(missing)}`);
  const invalid = REQUIRED.filter((name) => typeof config.get(name) !== 'string');
  if (invalid.length > 0) throw new OperandError(2, `invalid values for required AWS config parameters(s): ${setOf(invalid)}`);
}

function checkRequest(request: RegoObject): RegoObject {
  const unknown = [...request].map(([key]) => key).filter((key) => typeof key !== 'string' || !ALLOWED.has(key));
  if (unknown.length > 0) throw new OperandError(1, `invalid request parameters(s): ${setOf(unknown.map(String))}`);
  const missing = ['method', 'url'].filter((name) => request.get(name) === undefined);
  if (missing.length > 0) throw new OperandError(1, `missing required request parameters(s): ${setOf(missing)}`);
  const headers = request.get('headers') ?? EMPTY_OBJECT;
  if (!(headers instanceof RegoObject)) throw wrongType(0, headers, 'object');
  const invalid = ['method', 'url'].filter((name) => typeof request.get(name) !== 'string');
  if (invalid.length > 0) throw new OperandError(1, `invalid values for required request parameters(s): ${setOf(invalid)}`);
  return headers;
}

function bodyOf(request: RegoObject): string {
  const [raw, body] = [request.get('raw_body'), request.get('body')];
  if (raw !== undefined) return text(raw);
  return body === undefined ? '' : formatJson(body, true);
}

function sign(request: RegoObject, config: RegoObject, time: Value): Value {
  checkConfig(config);
  const at = Num.toInt(asNumber(time, 1));
  if (at === null) throw new OperandError(3, 'could not convert time_ns value into a unix timestamp');
  const given = checkRequest(request);
  const uri = parseUri(text(request.get('url')));
  const unsigned = config.get('disable_payload_signing') ?? false;
  if (typeof unsigned !== 'boolean') throw new OperandError(2, "invalid value for 'disable_payload_signing' in AWS config");

  const hash = unsigned ? 'UNSIGNED-PAYLOAD' : sha256(bodyOf(request));
  const [service, region] = [text(config.get('aws_service')), text(config.get('aws_region'))];
  const now = formatTime({ at: BigInt(at), offset: 0, zone: 'UTC' }, '20060102T150405Z');
  const scope = `${now.slice(0, 8)}/${region}/${service}/aws4_request`;
  const added = new Map([['host', uri.host], ['x-amz-date', now]]);
  if (service === 's3' || service === 'glacier') added.set('x-amz-content-sha256', hash);
  const session = text(config.get('aws_session_token'));
  if (session !== '') added.set('x-amz-security-token', session);

  const signed = new Map(added);
  for (const [key, value] of given) if (!IGNORED.has(text(key).toLowerCase())) signed.set(text(key).toLowerCase(), text(value));
  const lines = [...signed].sort(([a], [b]) => compareStrings(a, b));
  const names = lines.map(([name]) => name).join(';');
  const headers = lines.map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = [text(request.get('method')), escapedPath(uri), uri.query, headers, names, hash].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', now, scope, sha256(canonical)].join('\n');
  const secret = bytesOfText(`AWS4${text(config.get('aws_secret_access_key'))}`);
  const key = [now.slice(0, 8), region, service, 'aws4_request'].reduce(mac, secret);
  const credential = `Credential=${text(config.get('aws_access_key'))}/${scope}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential},SignedHeaders=${names},Signature=${mac(key, toSign).toString('hex')}`;

  const result = new ObjectBuilder();
  for (const [name, value] of given) result.set(text(name), text(value));
  result.set('Authorization', authorization);
  for (const [name, value] of added) result.set(name, value);
  const out = new ObjectBuilder();
  for (const [name, value] of request) out.set(name, value);
  return out.set('headers', result.build()).build();
}

export const aws: readonly Builtin[] = [
  {
    name: 'providers.aws.sign_req',
    type: '(object[string: any], object[string: any], number) => object[any: any]',
    run: (_, request: Value, config: Value, time: Value) => sign(asObject(request, 1), asObject(config, 1), time),
  },
];
