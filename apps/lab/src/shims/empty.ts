/** Stands for modules of Node that JupyterLab's packages import and never use in a browser. */
export default {}
