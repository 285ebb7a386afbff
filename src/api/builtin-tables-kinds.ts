// Metadata and the kinds other than Pod: field tables (notation: builtin-notation.ts; facts: Kubernetes 1.36).

import type { Tables } from './builtin-notation.ts'

/** Field tables by message. */
export const KIND_TABLES: Tables = {
  OwnerReference: `apiVersion 5 string!; kind 1 string!; name 3 string!; uid 4 string!; controller 6 bool*; blockOwnerDeletion 7 bool*`,
  ManagedFieldsEntry: `
    manager 1 string; operation 2 string; apiVersion 3 string; time 4 Time*; fieldsType 6 string; fieldsV1 7 FieldsV1*;
    subresource 8 string`,
  ObjectMeta: `
    name 1 string; generateName 2 string; namespace 3 string; selfLink 4 string; uid 5 string; resourceVersion 6 string;
    generation 7 int64; creationTimestamp 8 Time; deletionTimestamp 9 Time*; deletionGracePeriodSeconds 10 int64*; labels 11 {}string;
    annotations 12 {}string; ownerReferences 13 []OwnerReference patch:uid list:map(uid); finalizers 14 []string patch:merge list:set;
    managedFields 17 []ManagedFieldsEntry list:atomic`,
  NamespaceSpec: `finalizers 1 []string list:atomic`,
  NamespaceCondition: `type 1 string!; status 2 string!; lastTransitionTime 4 Time; reason 5 string; message 6 string`,
  NamespaceStatus: `phase 1 string(Active,Terminating); conditions 2 []NamespaceCondition patch:type list:map(type)`,
  Namespace: `metadata 1 ObjectMeta; spec 2 NamespaceSpec; status 3 NamespaceStatus`,
  LabelSelectorRequirement: `key 1 string!; operator 2 string!; values 3 []string list:atomic`,
  LabelSelector: `matchLabels 1 {}string; matchExpressions 2 []LabelSelectorRequirement list:atomic`,
  ServicePort: `
    name 1 string; protocol 2 string(SCTP,TCP,UDP) default:"TCP"; appProtocol 6 string*; port 3 int32!; targetPort 4 IntOrString;
    nodePort 5 int32`,
  ClientIPConfig: `timeoutSeconds 1 int32*`,
  SessionAffinityConfig: `clientIP 1 ClientIPConfig*`,
  ServiceSpec: `
    ports 1 []ServicePort patch:port list:map(port,protocol); selector 2 {}string atomic; clusterIP 3 string;
    clusterIPs 18 []string list:atomic; type 4 string(ClusterIP,ExternalName,LoadBalancer,NodePort); externalIPs 5 []string list:atomic;
    sessionAffinity 7 string(ClientIP,None); loadBalancerIP 8 string; loadBalancerSourceRanges 9 []string list:atomic;
    externalName 10 string; externalTrafficPolicy 11 string(Cluster,Local); healthCheckNodePort 12 int32;
    publishNotReadyAddresses 13 bool; sessionAffinityConfig 14 SessionAffinityConfig*; ipFamilies 19 []string(IPv4,IPv6) list:atomic;
    ipFamilyPolicy 17 string(PreferDualStack,RequireDualStack,SingleStack)*; allocateLoadBalancerNodePorts 20 bool*;
    loadBalancerClass 21 string*; internalTrafficPolicy 22 string(Cluster,Local)*; trafficDistribution 23 string*`,
  PortStatus: `port 1 int32!; protocol 2 string(SCTP,TCP,UDP)!; error 3 string*`,
  LoadBalancerIngress: `ip 1 string; hostname 2 string; ipMode 3 string*; ports 4 []PortStatus list:atomic`,
  LoadBalancerStatus: `ingress 1 []LoadBalancerIngress list:atomic`,
  Condition: `type 1 string!; status 2 string!; observedGeneration 3 int64; lastTransitionTime 4 Time!; reason 5 string!; message 6 string!`,
  ServiceStatus: `loadBalancer 1 LoadBalancerStatus; conditions 2 []Condition patch:type list:map(type)`,
  Service: `metadata 1 ObjectMeta; spec 2 ServiceSpec; status 3 ServiceStatus`,
  ConfigMap: `metadata 1 ObjectMeta; immutable 4 bool*; data 2 {}string; binaryData 3 {}bytes`,
  Secret: `metadata 1 ObjectMeta; immutable 5 bool*; data 2 {}bytes; stringData 4 {}string; type 3 string`,
  ObjectReference: `kind 1 string; namespace 2 string; name 3 string; uid 4 string; apiVersion 5 string; resourceVersion 6 string; fieldPath 7 string`,
  ServiceAccount: `
    metadata 1 ObjectMeta; secrets 2 []ObjectReference patch:name list:map(name); imagePullSecrets 3 []LocalObjectReference list:atomic;
    automountServiceAccountToken 4 bool*`,
  EndpointAddress: `ip 1 string!; hostname 3 string; nodeName 4 string*; targetRef 2 ObjectReference* atomic`,
  EndpointPort: `name 1 string; port 2 int32!; protocol 3 string(SCTP,TCP,UDP); appProtocol 4 string*`,
  EndpointSubset: `addresses 1 []EndpointAddress list:atomic; notReadyAddresses 2 []EndpointAddress list:atomic; ports 3 []EndpointPort list:atomic`,
  Endpoints: `metadata 1 ObjectMeta; subsets 2 []EndpointSubset list:atomic`,
  EventSource: `component 1 string; host 2 string`,
  EventSeries: `count 1 int32; lastObservedTime 2 MicroTime`,
  Event: `
    metadata 1 ObjectMeta!; involvedObject 2 ObjectReference! atomic; reason 3 string; message 4 string; source 5 EventSource;
    firstTimestamp 6 Time; lastTimestamp 7 Time; count 8 int32; type 9 string; eventTime 10 MicroTime; series 11 EventSeries*;
    action 12 string; related 13 ObjectReference* atomic; reportingComponent 14 string^; reportingInstance 15 string^`,
  PodTemplateSpec: `metadata 1 ObjectMeta; spec 2 PodSpec`,
  RollingUpdateDeployment: `maxUnavailable 1 IntOrString*; maxSurge 2 IntOrString*`,
  DeploymentStrategy: `type 1 string(Recreate,RollingUpdate); rollingUpdate 2 RollingUpdateDeployment*`,
  DeploymentSpec: `
    replicas 1 int32*; selector 2 LabelSelector*! atomic; template 3 PodTemplateSpec!; strategy 4 DeploymentStrategy patch:retainKeys;
    minReadySeconds 5 int32; revisionHistoryLimit 6 int32*; paused 7 bool; progressDeadlineSeconds 9 int32*`,
  DeploymentCondition: `type 1 string!; status 2 string!; lastUpdateTime 6 Time; lastTransitionTime 7 Time; reason 4 string; message 5 string`,
  DeploymentStatus: `
    observedGeneration 1 int64; replicas 2 int32; updatedReplicas 3 int32; readyReplicas 7 int32; availableReplicas 4 int32;
    unavailableReplicas 5 int32; terminatingReplicas 9 int32*; conditions 6 []DeploymentCondition patch:type list:map(type);
    collisionCount 8 int32*`,
  Deployment: `metadata 1 ObjectMeta; spec 2 DeploymentSpec; status 3 DeploymentStatus`,
  ReplicaSetSpec: `replicas 1 int32*; minReadySeconds 4 int32; selector 2 LabelSelector*! atomic; template 3 PodTemplateSpec`,
  ReplicaSetCondition: `type 1 string!; status 2 string!; lastTransitionTime 3 Time; reason 4 string; message 5 string`,
  ReplicaSetStatus: `
    replicas 1 int32!; fullyLabeledReplicas 2 int32; readyReplicas 4 int32; availableReplicas 5 int32; terminatingReplicas 7 int32*;
    observedGeneration 3 int64; conditions 6 []ReplicaSetCondition patch:type list:map(type)`,
  ReplicaSet: `metadata 1 ObjectMeta; spec 2 ReplicaSetSpec; status 3 ReplicaSetStatus`,
  EndpointConditions: `ready 1 bool*; serving 2 bool*; terminating 3 bool*`,
  ForZone: `name 1 string!`,
  ForNode: `name 1 string!`,
  EndpointHints: `forZones 1 []ForZone list:atomic; forNodes 2 []ForNode list:atomic`,
  Endpoint: `
    addresses 1 []string! list:set; conditions 2 EndpointConditions; hostname 3 string*; targetRef 4 ObjectReference* atomic;
    deprecatedTopology 5 {}string; nodeName 6 string*; zone 7 string*; hints 8 EndpointHints*`,
  SliceEndpointPort: `name 1 string*; protocol 2 string(SCTP,TCP,UDP)*; port 3 int32*; appProtocol 4 string*`,
  EndpointSlice: `metadata 1 ObjectMeta; addressType 4 string(FQDN,IPv4,IPv6)!; endpoints 2 []Endpoint^ list:atomic; ports 3 []SliceEndpointPort^ list:atomic`,
  LeaseSpec: `
    holderIdentity 1 string*; leaseDurationSeconds 2 int32*; acquireTime 3 MicroTime*; renewTime 4 MicroTime*;
    leaseTransitions 5 int32*; strategy 6 string*; preferredHolder 7 string*`,
  Lease: `metadata 1 ObjectMeta; spec 2 LeaseSpec`,
  ScaleSpec: `replicas 1 int32 default:0`,
  ScaleStatus: `replicas 1 int32!; selector 2 string`,
  Scale: `metadata 1 ObjectMeta; spec 2 ScaleSpec; status 3 ScaleStatus`,
  Preconditions: `uid 1 string*; resourceVersion 2 string*`,
  DeleteOptions: `
    gracePeriodSeconds 1 int64*; preconditions 2 Preconditions*; orphanDependents 3 bool*; propagationPolicy 4 string*;
    dryRun 5 []string list:atomic; ignoreStoreReadErrorWithClusterBreakingPotential 6 bool*`,
  EventsEventSeries: `count 1 int32!; lastObservedTime 2 MicroTime!`,
  EventsEvent: `
    metadata 1 ObjectMeta^; eventTime 2 MicroTime!; series 3 EventsEventSeries*; reportingController 4 string;
    reportingInstance 5 string; action 6 string; reason 7 string; regarding 8 ObjectReference atomic; related 9 ObjectReference* atomic;
    note 10 string; type 11 string; deprecatedSource 12 EventSource; deprecatedFirstTimestamp 13 Time; deprecatedLastTimestamp 14 Time;
    deprecatedCount 15 int32`
}
