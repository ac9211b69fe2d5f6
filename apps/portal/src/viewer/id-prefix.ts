/** What the ids of headings begin with, so that none can be taken for one of the page's own. */
export const idPrefix = 'in-document-'
