/** Whether the items and code pages that options name exist. Each is refused with the option that names it. */

import { codePageOf } from './code-page';
import { ItemIndex } from './find-item';
import { Item } from './item';
import { Entry, Options } from './options';
import { fail, OPTIONS } from './problem';

/** Sets a problem (`OPTIONS`) for the first that does not. */
export function checkNames(index: ItemIndex, options: Options): void {
  checkPage('codePage', options.codePage);
  for (let i = 0; i < options.fieldCodePages.length; i++) {
    checkPage('fieldCodePages', options.fieldCodePages[i].values[0]);
  }
  checkKeys(index, 'fieldCodePages', options.fieldCodePages);
  checkKeys(index, 'invalidFields', options.invalidFields);
  checkAll(index, 'fields', options.fields);
  checkAll(index, 'groupsAsText', options.groupsAsText);
  checkKeys(index, 'redefineSegments', options.redefineSegments);
  checkKeys(index, 'segmentChildren', options.segmentChildren);
  for (let i = 0; i < options.segmentChildren.length; i++) {
    checkAll(index, 'segmentChildren', options.segmentChildren[i].values);
  }
  if (options.recordLengthField.length > 0) checkName(index, 'recordLengthField', options.recordLengthField);
  if (options.segmentField.length > 0) checkName(index, 'segmentField', options.segmentField);
  for (let i = 0; i < options.occursMappings.length; i++) {
    const table = checkName(index, 'occursMappings', options.occursMappings[i].key);
    if (table !== null && table.dependsOn === null) {
      fail(OPTIONS, 'option occursMappings names ' + table.name + ', which has no OCCURS DEPENDING ON');
    }
  }
}

function checkPage(option: string, name: string): void {
  if (codePageOf(name) === null) fail(OPTIONS, 'option ' + option + ': there is no code page ' + name);
}

function checkKeys(index: ItemIndex, option: string, entries: Entry[]): void {
  for (let i = 0; i < entries.length; i++) checkName(index, option, entries[i].key);
}

function checkAll(index: ItemIndex, option: string, names: string[]): void {
  for (let i = 0; i < names.length; i++) checkName(index, option, names[i]);
}

function checkName(index: ItemIndex, option: string, name: string): Item | null {
  const item = index.named(name);
  if (item === null) {
    const why = index.isAmbiguous(name) ? ', a name of several items: give the path' : ', which is not in the copybook';
    fail(OPTIONS, 'option ' + option + ' names ' + name + why);
  }
  return item;
}
