// What `kubectl explain` says of the kinds of Istio, of Flagger and of our own as a whole.

/** A sentence for each kind that Serin brings beside Kubernetes' own. */
export const CUSTOM_TEXT = {
  Canary: 'Releases a workload step by step: traffic moves to the new version while the checks pass, and back when they fail.',
  MetricTemplate: 'A query of a metrics provider that the checks of Canaries may refer to.',
  Release: 'One revision of a Canary: how it was to be released, what was done and found, and how it ended.',
  AlertProvider: 'Where news of Canaries is sent.',
  VirtualService: 'Decides by host, path, header and weight where requests go, and what is done to them on the way.',
  DestinationRule: 'Names the subsets of a host and says how requests are sent to it: balancing, pools, outlier detection, TLS.',
  Gateway: 'Ports and hosts at the edge of the mesh.',
  ServiceEntry: 'Adds hosts that no Service describes to those the mesh knows.',
  WorkloadEntry: 'One endpoint that is not a pod.',
  WorkloadGroup: 'What WorkloadEntries have in common.',
  Sidecar: 'Which hosts and ports the proxies of a namespace, or of some pods, see.',
  EnvoyFilter: "Changes of Envoy's own configuration.",
  RequestAuthentication: 'Whose tokens proxies accept, where they find them and with which keys they check them.',
  ProxyConfig: 'Settings of the proxies of a namespace, or of some pods.'
} as const satisfies Readonly<Record<string, string>>
