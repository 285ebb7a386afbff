// The kubeconfig that `serin up` writes: self-contained, one cluster, one user, context `serin`.

/** What kubectl needs to reach the API. `authority` is the CA certificate, PEM. */
export interface KubeconfigFacts {
  readonly server: string
  readonly authority: string
  readonly token: string
}

/** The file's text (YAML). It holds the token: write it with mode 0600. */
export function kubeconfigText({ server, authority, token }: KubeconfigFacts): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: serin
  cluster:
    server: ${JSON.stringify(server)}
    certificate-authority-data: ${Buffer.from(authority).toString('base64')}
users:
- name: serin
  user:
    token: ${JSON.stringify(token)}
contexts:
- name: serin
  context:
    cluster: serin
    user: serin
    namespace: default
current-context: serin
preferences: {}
`
}
