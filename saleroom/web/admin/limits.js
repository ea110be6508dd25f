// How much a page reads at once.

/** Pages of 200 lots that are read for a whole running order: 10 000 lots, the most there are. */
export const LOTS_PAGES_MAX = 50;

/** Rows of a table that are drawn at once, where all of them have been read. */
export const ROWS_SHOWN = 100;

/** Bytes of a picture, and of a table that is imported. */
export const PICTURE_BYTES_MAX = 10 * 1024 * 1024;
export const TABLE_BYTES_MAX = 5 * 1024 * 1024;
