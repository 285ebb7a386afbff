// Pods but for their volumes: field tables (notation: builtin-notation.ts; facts: Kubernetes 1.36).

import type { Tables } from './builtin-notation.ts'

// An ephemeral container has a container's fields and one more.
const CONTAINER = `
  name 1 string!; image 2 string; command 3 []string list:atomic; args 4 []string list:atomic; workingDir 5 string;
  ports 6 []ContainerPort patch:containerPort list:map(containerPort,protocol); envFrom 19 []EnvFromSource list:atomic;
  env 7 []EnvVar patch:name list:map(name); resources 8 ResourceRequirements; resizePolicy 23 []ContainerResizePolicy list:atomic;
  restartPolicy 24 string*; restartPolicyRules 25 []ContainerRestartRule list:atomic;
  volumeMounts 9 []VolumeMount patch:mountPath list:map(mountPath);
  volumeDevices 21 []VolumeDevice patch:devicePath list:map(devicePath); livenessProbe 10 Probe*; readinessProbe 11 Probe*;
  startupProbe 22 Probe*; lifecycle 12 Lifecycle*; terminationMessagePath 13 string;
  terminationMessagePolicy 20 string(FallbackToLogsOnError,File); imagePullPolicy 14 string(Always,IfNotPresent,Never);
  securityContext 15 SecurityContext*; stdin 16 bool; stdinOnce 17 bool; tty 18 bool`

/** Field tables by message. */
export const POD_TABLES: Tables = {
  ContainerPort: `name 1 string; hostPort 2 int32; containerPort 3 int32!; protocol 4 string(SCTP,TCP,UDP) default:"TCP"; hostIP 5 string`,
  ConfigMapEnvSource: `+ 1 LocalObjectReference; optional 2 bool*`,
  SecretEnvSource: `+ 1 LocalObjectReference; optional 2 bool*`,
  EnvFromSource: `prefix 1 string; configMapRef 2 ConfigMapEnvSource*; secretRef 3 SecretEnvSource*`,
  ConfigMapKeySelector: `+ 1 LocalObjectReference; key 2 string!; optional 3 bool*`,
  SecretKeySelector: `+ 1 LocalObjectReference; key 2 string!; optional 3 bool*`,
  FileKeySelector: `volumeName 1 string!; path 2 string!; key 3 string!; optional 4 bool* default:false`,
  EnvVarSource: `
    fieldRef 1 ObjectFieldSelector* atomic; resourceFieldRef 2 ResourceFieldSelector* atomic;
    configMapKeyRef 3 ConfigMapKeySelector* atomic; secretKeyRef 4 SecretKeySelector* atomic; fileKeyRef 5 FileKeySelector* atomic`,
  EnvVar: `name 1 string!; value 2 string; valueFrom 3 EnvVarSource*`,
  ResourceClaim: `name 1 string!; request 2 string`,
  ResourceRequirements: `limits 1 {}Quantity; requests 2 {}Quantity; claims 3 []ResourceClaim list:map(name)`,
  ContainerResizePolicy: `resourceName 1 string!; restartPolicy 2 string!`,
  ContainerRestartRuleOnExitCodes: `operator 1 string; values 2 []int32 list:set`,
  ContainerRestartRule: `action 1 string; exitCodes 2 ContainerRestartRuleOnExitCodes*`,
  VolumeMount: `
    name 1 string!; readOnly 2 bool; recursiveReadOnly 7 string*; mountPath 3 string!; subPath 4 string;
    mountPropagation 5 string(Bidirectional,HostToContainer,None)*; subPathExpr 6 string`,
  VolumeDevice: `name 1 string!; devicePath 2 string!`,
  ExecAction: `command 1 []string list:atomic`,
  HTTPHeader: `name 1 string!; value 2 string!`,
  HTTPGetAction: `path 1 string; port 2 IntOrString!; host 3 string; scheme 4 string(HTTP,HTTPS); httpHeaders 5 []HTTPHeader list:atomic`,
  TCPSocketAction: `port 1 IntOrString!; host 2 string`,
  GRPCAction: `port 1 int32!; service 2 string*^`,
  ProbeHandler: `exec 1 ExecAction*; httpGet 2 HTTPGetAction*; tcpSocket 3 TCPSocketAction*; grpc 4 GRPCAction*`,
  Probe: `
    + 1 ProbeHandler; initialDelaySeconds 2 int32; timeoutSeconds 3 int32; periodSeconds 4 int32; successThreshold 5 int32;
    failureThreshold 6 int32; terminationGracePeriodSeconds 7 int64*`,
  SleepAction: `seconds 1 int64!`,
  LifecycleHandler: `exec 1 ExecAction*; httpGet 2 HTTPGetAction*; tcpSocket 3 TCPSocketAction*; sleep 4 SleepAction*`,
  Lifecycle: `
    postStart 1 LifecycleHandler*; preStop 2 LifecycleHandler*;
    stopSignal 3 string*`,
  Capabilities: `add 1 []string list:atomic; drop 2 []string list:atomic`,
  SELinuxOptions: `user 1 string; role 2 string; type 3 string; level 4 string`,
  WindowsSecurityContextOptions: `gmsaCredentialSpecName 1 string*; gmsaCredentialSpec 2 string*; runAsUserName 3 string*; hostProcess 4 bool*`,
  SeccompProfile: `type 1 string(Localhost,RuntimeDefault,Unconfined)!; localhostProfile 2 string*`,
  AppArmorProfile: `type 1 string(Localhost,RuntimeDefault,Unconfined)!; localhostProfile 2 string*`,
  SecurityContext: `
    capabilities 1 Capabilities*; privileged 2 bool*; seLinuxOptions 3 SELinuxOptions*;
    windowsOptions 10 WindowsSecurityContextOptions*; runAsUser 4 int64*; runAsGroup 8 int64*; runAsNonRoot 5 bool*;
    readOnlyRootFilesystem 6 bool*; allowPrivilegeEscalation 7 bool*; procMount 9 string(Default,Unmasked)*;
    seccompProfile 11 SeccompProfile*; appArmorProfile 12 AppArmorProfile*`,
  Container: CONTAINER,
  EphemeralContainerCommon: CONTAINER,
  EphemeralContainer: `+ 1 EphemeralContainerCommon; targetContainerName 2 string`,
  Sysctl: `name 1 string!; value 2 string!`,
  PodSecurityContext: `
    seLinuxOptions 1 SELinuxOptions*; windowsOptions 8 WindowsSecurityContextOptions*; runAsUser 2 int64*; runAsGroup 6 int64*;
    runAsNonRoot 3 bool*; supplementalGroups 4 []int64 list:atomic; supplementalGroupsPolicy 12 string(Merge,Strict)*; fsGroup 5 int64*;
    sysctls 7 []Sysctl list:atomic; fsGroupChangePolicy 9 string(Always,OnRootMismatch)*; seccompProfile 10 SeccompProfile*;
    appArmorProfile 11 AppArmorProfile*; seLinuxChangePolicy 13 string*`,
  NodeSelectorRequirement: `key 1 string!; operator 2 string(DoesNotExist,Exists,Gt,In,Lt,NotIn)!; values 3 []string list:atomic`,
  NodeSelectorTerm: `matchExpressions 1 []NodeSelectorRequirement list:atomic; matchFields 2 []NodeSelectorRequirement list:atomic`,
  NodeSelector: `nodeSelectorTerms 1 []NodeSelectorTerm! list:atomic`,
  PreferredSchedulingTerm: `weight 1 int32!; preference 2 NodeSelectorTerm! atomic`,
  NodeAffinity: `
    requiredDuringSchedulingIgnoredDuringExecution 1 NodeSelector* atomic;
    preferredDuringSchedulingIgnoredDuringExecution 2 []PreferredSchedulingTerm list:atomic`,
  PodAffinityTerm: `
    labelSelector 1 LabelSelector* atomic; namespaces 2 []string list:atomic; topologyKey 3 string!;
    namespaceSelector 4 LabelSelector* atomic; matchLabelKeys 5 []string list:atomic; mismatchLabelKeys 6 []string list:atomic`,
  WeightedPodAffinityTerm: `weight 1 int32!; podAffinityTerm 2 PodAffinityTerm!`,
  PodAffinity: `
    requiredDuringSchedulingIgnoredDuringExecution 1 []PodAffinityTerm list:atomic;
    preferredDuringSchedulingIgnoredDuringExecution 2 []WeightedPodAffinityTerm list:atomic`,
  PodAntiAffinity: `
    requiredDuringSchedulingIgnoredDuringExecution 1 []PodAffinityTerm list:atomic;
    preferredDuringSchedulingIgnoredDuringExecution 2 []WeightedPodAffinityTerm list:atomic`,
  Affinity: `nodeAffinity 1 NodeAffinity*; podAffinity 2 PodAffinity*; podAntiAffinity 3 PodAntiAffinity*`,
  Toleration: `
    key 1 string; operator 2 string(Equal,Exists,Gt,Lt); value 3 string; effect 4 string(NoExecute,NoSchedule,PreferNoSchedule);
    tolerationSeconds 5 int64*`,
  HostAlias: `ip 1 string!; hostnames 2 []string list:atomic`,
  PodDNSConfigOption: `name 1 string; value 2 string*`,
  PodDNSConfig: `nameservers 1 []string list:atomic; searches 2 []string list:atomic; options 3 []PodDNSConfigOption list:atomic`,
  PodReadinessGate: `conditionType 1 string!`,
  TopologySpreadConstraint: `
    maxSkew 1 int32!; topologyKey 2 string!; whenUnsatisfiable 3 string(DoNotSchedule,ScheduleAnyway)!;
    labelSelector 4 LabelSelector* atomic; minDomains 5 int32*; nodeAffinityPolicy 6 string(Honor,Ignore)*;
    nodeTaintsPolicy 7 string(Honor,Ignore)*; matchLabelKeys 8 []string list:atomic`,
  PodOS: `name 1 string!`,
  PodSchedulingGate: `name 1 string!`,
  PodResourceClaim: `name 1 string!; resourceClaimName 3 string*; resourceClaimTemplateName 4 string*`,
  PodSchedulingGroup: `podGroupName 1 string*`,
  PodSpec: `
    volumes 1 []Volume patch:name,retainKeys list:map(name); initContainers 20 []Container patch:name list:map(name);
    containers 2 []Container! patch:name list:map(name); ephemeralContainers 34 []EphemeralContainer patch:name list:map(name);
    restartPolicy 3 string(Always,Never,OnFailure); terminationGracePeriodSeconds 4 int64*; activeDeadlineSeconds 5 int64*;
    dnsPolicy 6 string(ClusterFirst,ClusterFirstWithHostNet,Default,None); nodeSelector 7 {}string atomic; serviceAccountName 8 string;
    serviceAccount 9 string; automountServiceAccountToken 21 bool*; nodeName 10 string; hostNetwork 11 bool; hostPID 12 bool;
    hostIPC 13 bool; shareProcessNamespace 27 bool*; securityContext 14 PodSecurityContext*;
    imagePullSecrets 15 []LocalObjectReference patch:name list:map(name); hostname 16 string; subdomain 17 string;
    affinity 18 Affinity*; schedulerName 19 string; tolerations 22 []Toleration list:atomic;
    hostAliases 23 []HostAlias patch:ip list:map(ip); priorityClassName 24 string; priority 25 int32*; dnsConfig 26 PodDNSConfig*;
    readinessGates 28 []PodReadinessGate list:atomic; runtimeClassName 29 string*; enableServiceLinks 30 bool*;
    preemptionPolicy 31 string(Never,PreemptLowerPriority)*; overhead 32 {}Quantity;
    topologySpreadConstraints 33 []TopologySpreadConstraint patch:topologyKey list:map(topologyKey,whenUnsatisfiable);
    setHostnameAsFQDN 35 bool*; os 36 PodOS*; hostUsers 37 bool*; schedulingGates 38 []PodSchedulingGate patch:name list:map(name);
    resourceClaims 39 []PodResourceClaim patch:name,retainKeys list:map(name); resources 40 ResourceRequirements*;
    hostnameOverride 41 string*; schedulingGroup 43 PodSchedulingGroup*`,
  PodCondition: `
    type 1 string!; observedGeneration 7 int64; status 2 string!; lastProbeTime 3 Time; lastTransitionTime 4 Time; reason 5 string;
    message 6 string`,
  HostIP: `ip 1 string!`,
  PodIP: `ip 1 string!`,
  ContainerStateWaiting: `reason 1 string; message 2 string`,
  ContainerStateRunning: `startedAt 1 Time`,
  ContainerStateTerminated: `exitCode 1 int32!; signal 2 int32; reason 3 string; message 4 string; startedAt 5 Time; finishedAt 6 Time; containerID 7 string`,
  ContainerState: `waiting 1 ContainerStateWaiting*; running 2 ContainerStateRunning*; terminated 3 ContainerStateTerminated*`,
  ImageVolumeStatus: `imageRef 1 string`,
  VolumeStatus: `image 1 ImageVolumeStatus*`,
  VolumeMountStatus: `name 1 string!; mountPath 2 string!; readOnly 3 bool; recursiveReadOnly 4 string*; volumeStatus 5 VolumeStatus*`,
  LinuxContainerUser: `uid 1 int64!; gid 2 int64!; supplementalGroups 3 []int64 list:atomic`,
  ContainerUser: `linux 1 LinuxContainerUser*`,
  ResourceHealth: `resourceID 1 string!; health 2 string; message 6 string*`,
  ResourceStatus: `name 1 string!; resources 2 []ResourceHealth list:map(resourceID)`,
  ContainerStatus: `
    name 1 string!; state 2 ContainerState; lastState 3 ContainerState; ready 4 bool!; restartCount 5 int32!; image 6 string!;
    imageID 7 string!; containerID 8 string; started 9 bool*; allocatedResources 10 {}Quantity; resources 11 ResourceRequirements*;
    volumeMounts 12 []VolumeMountStatus patch:mountPath list:map(mountPath); user 13 ContainerUser*;
    allocatedResourcesStatus 14 []ResourceStatus patch:name list:map(name);
    stopSignal 15 string*`,
  PodResourceClaimStatus: `name 1 string!; resourceClaimName 2 string*`,
  ContainerExtendedResourceRequest: `containerName 1 string!; resourceName 2 string!; requestName 3 string!`,
  PodExtendedResourceClaimStatus: `requestMappings 1 []ContainerExtendedResourceRequest! list:atomic; resourceClaimName 2 string!`,
  NodeAllocatableResourceClaimStatus: `resourceClaimName 1 string!; containers 2 []string list:set; resources 3 {}Quantity!`,
  PodStatus: `
    observedGeneration 17 int64; phase 1 string(Failed,Pending,Running,Succeeded,Unknown);
    conditions 2 []PodCondition patch:type list:map(type); message 3 string; reason 4 string; nominatedNodeName 11 string;
    hostIP 5 string; hostIPs 16 []HostIP patch:ip list:atomic; podIP 6 string; podIPs 12 []PodIP patch:ip list:map(ip);
    startTime 7 Time*; initContainerStatuses 10 []ContainerStatus list:atomic; containerStatuses 8 []ContainerStatus list:atomic;
    qosClass 9 string(BestEffort,Burstable,Guaranteed); ephemeralContainerStatuses 13 []ContainerStatus list:atomic; resize 14 string;
    resourceClaimStatuses 15 []PodResourceClaimStatus patch:name,retainKeys list:map(name);
    extendedResourceClaimStatus 18 PodExtendedResourceClaimStatus*; allocatedResources 19 {}Quantity;
    resources 20 ResourceRequirements*; nodeAllocatableResourceClaimStatuses 21 []NodeAllocatableResourceClaimStatus list:atomic`,
  Pod: `metadata 1 ObjectMeta; spec 2 PodSpec; status 3 PodStatus`
}
