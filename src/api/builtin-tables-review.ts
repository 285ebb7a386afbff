// The kinds that are asked and never kept: who am I, may I (notation: builtin-notation.ts; facts: Kubernetes 1.36).

import type { Tables } from './builtin-notation.ts'

/** Field tables by message. */
export const REVIEW_TABLES: Tables = {
  ResourceAttributes: `
    namespace 1 string; verb 2 string; group 3 string; version 4 string; resource 5 string; subresource 6 string; name 7 string`,
  NonResourceAttributes: `path 1 string; verb 2 string`,
  SelfSubjectAccessReviewSpec: `resourceAttributes 1 ResourceAttributes*; nonResourceAttributes 2 NonResourceAttributes*`,
  SubjectAccessReviewStatus: `allowed 1 bool!; denied 4 bool; reason 2 string; evaluationError 3 string`,
  SelfSubjectAccessReview: `metadata 1 ObjectMeta; spec 2 SelfSubjectAccessReviewSpec!; status 3 SubjectAccessReviewStatus`,
  ResourceRule: `
    verbs 1 []string! list:atomic; apiGroups 2 []string list:atomic; resources 3 []string list:atomic; resourceNames 4 []string list:atomic`,
  NonResourceRule: `verbs 1 []string! list:atomic; nonResourceURLs 2 []string list:atomic`,
  SelfSubjectRulesReviewSpec: `namespace 1 string`,
  SubjectRulesReviewStatus: `
    resourceRules 1 []ResourceRule! list:atomic; nonResourceRules 2 []NonResourceRule! list:atomic; incomplete 3 bool!;
    evaluationError 4 string`,
  SelfSubjectRulesReview: `metadata 1 ObjectMeta; spec 2 SelfSubjectRulesReviewSpec!; status 3 SubjectRulesReviewStatus`,
  UserInfo: `username 1 string; uid 2 string; groups 3 []string list:atomic`,
  SelfSubjectReviewStatus: `userInfo 1 UserInfo`,
  SelfSubjectReview: `metadata 1 ObjectMeta; status 2 SelfSubjectReviewStatus`
}
