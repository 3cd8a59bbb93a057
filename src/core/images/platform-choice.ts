import { WherryError } from '../../errors/index.ts';
import {
  type Descriptor,
  type Index,
  isImageConfigType,
  type Manifest,
  type Platform,
  platformMatch,
} from '../../oci/index.ts';
import { childrenOf } from './references.ts';

/** Which parts of an image for several platforms are wanted, as containerd's image store says it. */
export interface PlatformChoice {
  /** None is all. */
  readonly platforms: readonly Platform[];
  /** Whether manifests and configs of other platforms come along, without layers. */
  readonly all_metadata: boolean;
  /** The most manifests of one index, the best first; 0 is all. */
  readonly manifest_limit: number;
}

export const everyPlatform: PlatformChoice = { platforms: [], all_metadata: false, manifest_limit: 0 };

/** How well a platform fits, the earlier wanted the better; 0 not at all. */
function platformRank({ platforms }: PlatformChoice, offered: Platform | undefined): number {
  if (platforms.length === 0 || offered === undefined) return 1;
  const at = platforms.findIndex((wanted) => platformMatch(wanted, offered) > 0);
  return at < 0 ? 0 : platforms.length - at;
}

/**
 * What a document leads to, as far as it is wanted.
 *
 * @throws WherryError NotFound when only some manifests are wanted and none fits
 */
export function chosenChildren(
  { platform }: Descriptor,
  document: Manifest | Index,
  choice: PlatformChoice,
): readonly Descriptor[] {
  const children = childrenOf(document);
  if (document.kind === 'manifest') {
    const isOther = choice.all_metadata && platform !== undefined && platformRank(choice, platform) === 0;
    return isOther ? children.filter(({ mediaType }) => isImageConfigType(mediaType)) : children;
  }
  const fitting = choice.all_metadata ? children : children.filter((child) => platformRank(choice, child.platform) > 0);
  if (choice.manifest_limit === 0) return fitting;
  if (fitting.length === 0) throw new WherryError('NotFound', 'no match for platform in manifest: not found');
  const rank = (child: Descriptor): number => platformRank(choice, child.platform);
  return fitting.toSorted((a, b) => rank(b) - rank(a)).slice(0, choice.manifest_limit);
}
