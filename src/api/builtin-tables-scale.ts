// DaemonSet and HorizontalPodAutoscaler in both of its versions (notation: builtin-notation.ts; facts: Kubernetes 1.36).

import type { Tables } from './builtin-notation.ts'

/** Field tables by message; those of autoscaling/v1 begin with `V1`. */
export const SCALE_TABLES: Tables = {
  RollingUpdateDaemonSet: `maxUnavailable 1 IntOrString*; maxSurge 2 IntOrString*`,
  DaemonSetUpdateStrategy: `type 1 string(OnDelete,RollingUpdate); rollingUpdate 2 RollingUpdateDaemonSet*`,
  DaemonSetSpec: `
    selector 1 LabelSelector*! atomic; template 2 PodTemplateSpec!; updateStrategy 3 DaemonSetUpdateStrategy; minReadySeconds 4 int32;
    revisionHistoryLimit 6 int32*`,
  DaemonSetCondition: `type 1 string!; status 2 string!; lastTransitionTime 3 Time; reason 4 string; message 5 string`,
  DaemonSetStatus: `
    currentNumberScheduled 1 int32!; numberMisscheduled 2 int32!; desiredNumberScheduled 3 int32!; numberReady 4 int32!;
    observedGeneration 5 int64; updatedNumberScheduled 6 int32; numberAvailable 7 int32; numberUnavailable 8 int32;
    collisionCount 9 int32*; conditions 10 []DaemonSetCondition patch:type list:map(type)`,
  DaemonSet: `metadata 1 ObjectMeta; spec 2 DaemonSetSpec; status 3 DaemonSetStatus`,
  CrossVersionObjectReference: `kind 1 string!; name 2 string!; apiVersion 3 string`,
  MetricIdentifier: `name 1 string!; selector 2 LabelSelector*`,
  MetricTarget: `type 1 string!; value 2 Quantity*; averageValue 3 Quantity*; averageUtilization 4 int32*`,
  ObjectMetricSource: `describedObject 1 CrossVersionObjectReference!; target 2 MetricTarget!; metric 3 MetricIdentifier!`,
  PodsMetricSource: `metric 1 MetricIdentifier!; target 2 MetricTarget!`,
  ResourceMetricSource: `name 1 string!; target 2 MetricTarget!`,
  ContainerResourceMetricSource: `name 1 string!; target 2 MetricTarget!; container 3 string!`,
  ExternalMetricSource: `metric 1 MetricIdentifier!; target 2 MetricTarget!`,
  MetricSpec: `
    type 1 string!; object 2 ObjectMetricSource*; pods 3 PodsMetricSource*; resource 4 ResourceMetricSource*;
    containerResource 7 ContainerResourceMetricSource*; external 5 ExternalMetricSource*`,
  HPAScalingPolicy: `type 1 string!; value 2 int32!; periodSeconds 3 int32!`,
  HPAScalingRules: `
    stabilizationWindowSeconds 3 int32*; selectPolicy 1 string*; policies 2 []HPAScalingPolicy list:atomic; tolerance 4 Quantity*`,
  HorizontalPodAutoscalerBehavior: `scaleUp 1 HPAScalingRules*; scaleDown 2 HPAScalingRules*`,
  HorizontalPodAutoscalerSpec: `
    scaleTargetRef 1 CrossVersionObjectReference!; minReplicas 2 int32*; maxReplicas 3 int32!; metrics 4 []MetricSpec list:atomic;
    behavior 5 HorizontalPodAutoscalerBehavior*`,
  MetricValueStatus: `value 1 Quantity*; averageValue 2 Quantity*; averageUtilization 3 int32*`,
  ObjectMetricStatus: `metric 1 MetricIdentifier!; current 2 MetricValueStatus!; describedObject 3 CrossVersionObjectReference!`,
  PodsMetricStatus: `metric 1 MetricIdentifier!; current 2 MetricValueStatus!`,
  ResourceMetricStatus: `name 1 string!; current 2 MetricValueStatus!`,
  ContainerResourceMetricStatus: `name 1 string!; current 2 MetricValueStatus!; container 3 string!`,
  ExternalMetricStatus: `metric 1 MetricIdentifier!; current 2 MetricValueStatus!`,
  MetricStatus: `
    type 1 string!; object 2 ObjectMetricStatus*; pods 3 PodsMetricStatus*; resource 4 ResourceMetricStatus*;
    containerResource 7 ContainerResourceMetricStatus*; external 5 ExternalMetricStatus*`,
  HorizontalPodAutoscalerCondition: `
    type 1 string!; status 2 string!; lastTransitionTime 3 Time; reason 4 string; message 5 string`,
  HorizontalPodAutoscalerStatus: `
    observedGeneration 1 int64*; lastScaleTime 2 Time*; currentReplicas 3 int32; desiredReplicas 4 int32!;
    currentMetrics 5 []MetricStatus list:atomic null; conditions 6 []HorizontalPodAutoscalerCondition patch:type list:map(type)`,
  HorizontalPodAutoscaler: `metadata 1 ObjectMeta; spec 2 HorizontalPodAutoscalerSpec!; status 3 HorizontalPodAutoscalerStatus`,
  V1HorizontalPodAutoscalerSpec: `
    scaleTargetRef 1 CrossVersionObjectReference! atomic; minReplicas 2 int32*; maxReplicas 3 int32!;
    targetCPUUtilizationPercentage 4 int32*`,
  V1HorizontalPodAutoscalerStatus: `
    observedGeneration 1 int64*; lastScaleTime 2 Time*; currentReplicas 3 int32!; desiredReplicas 4 int32!;
    currentCPUUtilizationPercentage 5 int32*`,
  V1HorizontalPodAutoscaler: `metadata 1 ObjectMeta; spec 2 V1HorizontalPodAutoscalerSpec!; status 3 V1HorizontalPodAutoscalerStatus`
}
