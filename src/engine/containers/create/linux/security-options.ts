import { WherryError } from '../../../../errors/index.ts';
import type { Strings } from '../../config.ts';
import { default_profile } from './seccomp-profile.ts';
import { parseSeccompProfile, type SeccompProfile } from './seccomp.ts';

/** What `--security-opt` asks for, of a Linux container. */
export interface SecurityOptions {
  /** null for a container that may call everything. */
  readonly seccomp: SeccompProfile | null;
  readonly no_new_privileges: boolean;
  readonly writable_cgroups: boolean;
}

/**
 * Reads the security options of a Linux container. Options of security modules that this machine does not have
 * (AppArmor, SELinux) are taken and do nothing, as in Docker.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export function parseSecurityOptions(options: Strings, privileged: boolean): SecurityOptions {
  let seccomp: SeccompProfile | null = privileged ? null : default_profile;
  let no_new_privileges = false;
  let writable_cgroups = false;
  for (const option of options) {
    if (option === 'no-new-privileges') {
      no_new_privileges = true;
      continue;
    }
    if (option === 'disable') continue;
    const at = option.search(/[:=]/);
    if (at < 0) throw new WherryError('InvalidArgument', `invalid --security-opt 1: "${option}"`);
    // Both are in use; the first `=` goes before any `:`.
    const equals = option.indexOf('=');
    const cut = equals >= 0 ? equals : at;
    const name = option.slice(0, cut);
    const value = option.slice(cut + 1);
    if (name === 'seccomp') seccomp = seccompOf(value, privileged);
    else if (name === 'no-new-privileges') no_new_privileges = boolean(option, value);
    else if (name === 'writable-cgroups') writable_cgroups = boolean(option, value);
    else if (name.startsWith('wherry.')) {
      throw new WherryError(
        'InvalidArgument',
        `invalid --security-opt "${option}": walls stand around WebAssembly containers, and this one is for Linux`,
      );
    } else if (name !== 'label' && name !== 'apparmor') {
      throw new WherryError('InvalidArgument', `invalid --security-opt 2: "${option}"`);
    }
  }
  return { seccomp, no_new_privileges, writable_cgroups };
}

/** A privileged container may call everything whatever profile it names. */
function seccompOf(value: string, privileged: boolean): SeccompProfile | null {
  if (privileged || value === 'unconfined') return null;
  return value === '' || value === 'builtin' ? default_profile : parseSeccompProfile(value);
}

function boolean(option: string, value: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value)) return false;
  throw new WherryError('InvalidArgument', `invalid --security-opt 2: "${option}"`);
}
