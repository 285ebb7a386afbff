// `serin` and `serin help`: one line for each command, for who does not know it yet.

/** All commands, in the order in which they are met. */
export const OVERVIEW = `Serin: canary releases on Istio and Flagger resources.

  serin up -f PATH...     run the embedded mesh, with a Kubernetes API for kubectl, until SIGTERM
  serin demo              watch a good release being promoted and a bad one rolled back, in two minutes
  serin lint -f PATH...   say what is wrong with Istio and Flagger manifests, by file and line
  serin rehearse -f PATH...
                          say what would become of a bad release, on simulated traffic
  serin convert -f PATH...
                          turn Argo's Rollouts into Canaries
  serin backtest --prometheus URL --workload NS/NAME
                          what the gate would have done on the history of a workload

  serin status [NAME]     how Canaries stand; with --watch --exit for pipelines
  serin history NAME      what became of the last ten revisions
  serin promote NAME      skip what is left of the analysis, gates too
  serin pause NAME        hold the rollout at its step
  serin resume NAME       take a pause back
  serin abort NAME        roll back to the primary, at once
  serin retry NAME        take a failed revision up again
  serin restart NAME      begin the running analysis again

  serin version

serin help COMMAND says more: options and exit statuses. kubectl serin ... is the same for the commands of rollouts.
`
