// What `kubectl explain` says of DaemonSet and HorizontalPodAutoscaler, in our own words. Read by builtin-text.ts.

/** Descriptions by `Message` or `Message.field`. */
export const SCALE_TEXT: Readonly<Record<string, string>> = {
  DaemonSet: 'Runs one pod on every node that fits.',
  'DaemonSet.spec': 'What to run.',
  DaemonSetSpec: 'What a DaemonSet runs.',
  'DaemonSetSpec.selector': "Selects the DaemonSet's pods; must match the template's labels and cannot be changed.",
  'DaemonSetSpec.template': 'The pods to make; its nodeSelector and affinity say on which nodes.',
  'DaemonSetSpec.updateStrategy': 'How old pods give way to new ones.',
  'DaemonSetSpec.minReadySeconds': 'Seconds a pod must be ready before it counts as available. Default: 0.',
  'DaemonSetSpec.revisionHistoryLimit': 'Old revisions kept. Default: 10.',
  DaemonSetUpdateStrategy: 'How old pods give way to new ones.',
  'DaemonSetUpdateStrategy.type': 'OnDelete waits until a pod is deleted; RollingUpdate replaces pods by itself. Default: RollingUpdate.',
  'DaemonSetUpdateStrategy.rollingUpdate': 'Bounds of a rolling update.',
  RollingUpdateDaemonSet: 'Bounds of a rolling update.',
  'RollingUpdateDaemonSet.maxUnavailable': 'Nodes whose pod may be missing, a number or a percentage rounded up. Default: 1.',
  'RollingUpdateDaemonSet.maxSurge': 'Nodes that may run an old and a new pod, a number or a percentage rounded up. Default: 0.',
  DaemonSetCondition: 'One thing observed of a DaemonSet.',
  'DaemonSetCondition.type': 'What it is about.',
  'DaemonSetCondition.status': 'True, False or Unknown.',
  DaemonSetStatus: 'State of a DaemonSet.',
  'DaemonSetStatus.currentNumberScheduled': 'Nodes that should run its pod and do.',
  'DaemonSetStatus.numberMisscheduled': 'Nodes that run its pod and should not.',
  'DaemonSetStatus.desiredNumberScheduled': 'Nodes that should run its pod.',
  'DaemonSetStatus.numberReady': 'Nodes whose pod is ready.',
  'DaemonSetStatus.updatedNumberScheduled': 'Nodes whose pod is made from the template as it is now.',
  'DaemonSetStatus.numberAvailable': 'Nodes whose pod has been ready for minReadySeconds.',
  'DaemonSetStatus.numberUnavailable': 'Nodes that should run its pod and have none that is available.',
  'DaemonSetStatus.collisionCount': 'Names of revisions that were taken.',
  CrossVersionObjectReference: 'Names an object of some kind in the same namespace.',
  'CrossVersionObjectReference.kind': 'Kind of the object.',
  'CrossVersionObjectReference.name': 'Name of the object.',
  'CrossVersionObjectReference.apiVersion': 'Group and version of the object.',
  MetricIdentifier: 'Names a metric.',
  'MetricIdentifier.name': 'Name of the metric.',
  'MetricIdentifier.selector': 'Labels that its series must have.',
  MetricTarget: 'What a metric should be.',
  'MetricTarget.type': 'Utilization, Value or AverageValue.',
  'MetricTarget.value': 'The value itself.',
  'MetricTarget.averageValue': 'The average over all pods.',
  'MetricTarget.averageUtilization': 'The average over all pods, in percent of what they request.',
  ...sourceText('Source', 'Scales by'),
  ...sourceText('Status', 'State of'),
  MetricSpec: 'A metric to scale by.',
  ...unionText('MetricSpec'),
  MetricStatus: 'State of a metric.',
  ...unionText('MetricStatus'),
  MetricValueStatus: 'What a metric is now.',
  'MetricValueStatus.value': 'The value itself.',
  'MetricValueStatus.averageValue': 'The average over all pods.',
  'MetricValueStatus.averageUtilization': 'The average over all pods, in percent of what they request.',
  HPAScalingPolicy: 'How far one step may go.',
  'HPAScalingPolicy.type': 'Pods or Percent.',
  'HPAScalingPolicy.value': 'How many pods, or how many percent of them.',
  'HPAScalingPolicy.periodSeconds': 'Seconds in which that many may come or go.',
  HPAScalingRules: 'How fast to scale in one direction.',
  'HPAScalingRules.stabilizationWindowSeconds': 'Seconds of past recommendations that are looked at. Default: 0 upwards, 300 downwards.',
  'HPAScalingRules.selectPolicy': 'Which policy counts: Max, Min or Disabled. Default: Max.',
  'HPAScalingRules.policies': 'Bounds of a step.',
  'HPAScalingRules.tolerance': 'How far a metric may be off before anything happens.',
  HorizontalPodAutoscalerBehavior: 'How fast to scale.',
  'HorizontalPodAutoscalerBehavior.scaleUp': 'Upwards.',
  'HorizontalPodAutoscalerBehavior.scaleDown': 'Downwards.',
  HorizontalPodAutoscaler: 'Sets the number of replicas of another object between two bounds.',
  'HorizontalPodAutoscaler.spec': 'What to scale, and by what.',
  ...autoscalerText(''),
  'HorizontalPodAutoscalerSpec.metrics':
    'Metrics to scale by; the highest number of replicas counts. Default: 80 percent of the requested CPU.',
  'HorizontalPodAutoscalerSpec.behavior': 'How fast to scale.',
  'HorizontalPodAutoscalerStatus.currentMetrics': 'The metrics as last seen.',
  HorizontalPodAutoscalerCondition: 'One thing observed of an autoscaler.',
  'HorizontalPodAutoscalerCondition.type': 'AbleToScale, ScalingActive or ScalingLimited.',
  'HorizontalPodAutoscalerCondition.status': 'True, False or Unknown.',
  V1HorizontalPodAutoscaler: 'Sets the number of replicas of another object between two bounds.',
  'V1HorizontalPodAutoscaler.spec': 'What to scale, and by what.',
  ...autoscalerText('V1'),
  'V1HorizontalPodAutoscalerSpec.targetCPUUtilizationPercentage': 'CPU to aim at, in percent of what the pods request.',
  'V1HorizontalPodAutoscalerStatus.currentCPUUtilizationPercentage': 'CPU used, in percent of what the pods request.'
}

function sourceText(end: 'Source' | 'Status', verb: string): Readonly<Record<string, string>> {
  const words = {
    Object: 'a metric of another object',
    Pods: 'a metric of the pods',
    Resource: 'CPU or memory of the pods',
    ContainerResource: 'CPU or memory of one container of the pods',
    External: 'a metric from outside'
  }
  const entries = Object.entries(words).flatMap(([name, what]) => {
    const message = `${name}Metric${end}`
    return [
      [message, `${verb} ${what}.`],
      [`${message}.describedObject`, 'The object.'],
      [`${message}.metric`, 'The metric.'],
      [`${message}.name`, 'Name of the resource, cpu or memory.'],
      [`${message}.container`, 'Name of the container.'],
      [`${message}.target`, 'What it should be.'],
      [`${message}.current`, 'What it is.']
    ] as const
  })
  return Object.fromEntries(entries)
}

function unionText(message: string): Readonly<Record<string, string>> {
  return {
    [`${message}.type`]: 'Which of the others is given: Object, Pods, Resource, ContainerResource or External.',
    [`${message}.object`]: 'Of another object.',
    [`${message}.pods`]: 'Of the pods.',
    [`${message}.resource`]: 'CPU or memory of the pods.',
    [`${message}.containerResource`]: 'CPU or memory of one container of the pods.',
    [`${message}.external`]: 'From outside.'
  }
}

function autoscalerText(prefix: '' | 'V1'): Readonly<Record<string, string>> {
  const [spec, status] = [`${prefix}HorizontalPodAutoscalerSpec`, `${prefix}HorizontalPodAutoscalerStatus`]
  return {
    [spec]: 'What to scale, and by what.',
    [`${spec}.scaleTargetRef`]: 'The object to scale.',
    [`${spec}.minReplicas`]: 'The fewest replicas. Default: 1.',
    [`${spec}.maxReplicas`]: 'The most replicas.',
    [status]: 'State of an autoscaler.',
    [`${status}.lastScaleTime`]: 'When it last changed the number of replicas.',
    [`${status}.currentReplicas`]: 'Replicas last seen.',
    [`${status}.desiredReplicas`]: 'Replicas last asked for.'
  }
}
