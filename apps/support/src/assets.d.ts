declare module "*.css?inline" {
  const styles: string
  export default styles
}
declare module "*.css"

declare module "*?raw" {
  const text: string
  export default text
}
