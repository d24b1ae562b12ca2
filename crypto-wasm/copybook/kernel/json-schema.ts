/** Skeleton. */
import { Copybook } from './item';
import { JsonWriter } from './json-writer';
import { Options } from './options';

export function writeSchema(json: JsonWriter, _copybook: Copybook, _options: Options): void {
  json.open('{');
  json.close('}');
}
