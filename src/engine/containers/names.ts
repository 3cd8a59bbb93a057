import { randomInt } from 'node:crypto';

import { WherryError } from '../../errors/index.ts';

const adjectives = (
  'able amber blithe bold brave breezy bright brisk calm candid clear clever cosy crisp curious daring deft eager ' +
  'earnest easy fair fleet fond frank fresh gentle glad golden grand happy hardy hearty honest humble jolly keen kind ' +
  'level light lively loyal lucid lucky mellow merry mild modest neat nimble noble patient placid plucky polite proud ' +
  'quick quiet ready serene sharp shy silent sleek smooth snug sober solid sound spry steady sturdy sunny swift tidy ' +
  'trusty vivid warm wise witty young zesty'
).split(' ');

/** People of computing, languages and the sea. */
const surnames = (
  'abbate adleman allen amundsen appel babbage backus barnard bartik bell bernoulli boole brooks carson catmull cerf ' +
  'church clarke codd conway cook cormack curry dahl darwin dijkstra earhart eckert engelbart erdos euler ' +
  'floyd galois gauss gibbs godel goldberg gosling hamilton hamming hoare holberton hollerith hopper huffman iverson ' +
  'joy kahn kay kernighan kilby kleene knuth lamarr lamport landin lampson leibniz liskov lovelace magellan mccarthy ' +
  'mcnulty meitner milner minsky mitchell moore nansen naur neumann newell nygaard pascal perlis postel ritchie ' +
  'sammet shannon simon spence steele sutherland tarjan thompson torvalds turing ulam wilkes wirth zuse'
).split(' ');

const name_pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/**
 * A container's name as a client gives it, without its slash.
 *
 * @throws WherryError InvalidArgument with Docker's text
 */
export function checkContainerName(given: string): string {
  const name = given.startsWith('/') ? given.slice(1) : given;
  if (name_pattern.test(name)) return name;
  throw new WherryError(
    'InvalidArgument',
    `Invalid container name (${given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
  );
}

/** A name nobody has; the start of the id when a few tries find none. */
export function generateName(isTaken: (name: string) => boolean, id: string): string {
  const name = `${adjectives[randomInt(adjectives.length)]!}_${surnames[randomInt(surnames.length)]!}`;
  if (!isTaken(name)) return name;
  for (let tries = 0; tries < 5; tries++) {
    const numbered = `${name}${randomInt(10)}`;
    if (!isTaken(numbered)) return numbered;
  }
  return id.slice(0, 12);
}
