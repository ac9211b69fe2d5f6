/** What happens to files, for whoever listens. Shapes as Jupyter Server's event schema `contents_service/v1`. */
export interface ContentsEvent {
  action: 'get' | 'create' | 'save' | 'rename' | 'delete' | 'copy'
  path: string
  source_path?: string
}

export type EmitContentsEvent = (event: ContentsEvent) => void
