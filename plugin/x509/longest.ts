/** As long as a list of revoked certificates may be in a Cluster object: characters of its PEM. */
export const LONGEST_LIST = 65_536;
