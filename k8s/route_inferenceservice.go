package k8s

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// inferenceService is KServe's InferenceService, v1beta1, whose predictor has
// one field for it: the percent of the latest revision, the candidate. The
// rest goes to the revision that last had everything, the baseline. Without
// the field the latest revision has everything as soon as it is ready.
//
// https://kserve.github.io/website/docs/model-serving/predictive-inference/rollout-strategies/canary
func inferenceService() router {
	return router{
		word:   "inferenceservice",
		group:  schema.GroupKind{Group: "serving.kserve.io", Kind: "InferenceService"},
		can:    abilities{versions: 2, unnamed: true},
		owns:   [][]string{{"spec", "predictor", "canaryTrafficPercent"}},
		shares: inferenceShares,
		apply:  inferenceApply,
		live:   inferenceLive,
	}
}

func inferenceShares(objects []object, backends []Backend) ([]int, error) {
	predictor, err := inferencePredictor(objects[0])
	if err != nil {
		return nil, err
	}
	percent, err := countAt(predictor, "canaryTrafficPercent", 100)
	if err != nil {
		return nil, err
	}
	if percent > 100 { // only KServe's webhook checks it, not the schema
		return nil, fmt.Errorf("canaryTrafficPercent is %d: it should be from 0 to 100", percent)
	}
	return []int{100 - percent, percent}, nil
}

func inferencePredictor(service object) (fields, error) {
	predictor, err := mapAt(service.Object, "spec", "predictor")
	if err == nil && predictor == nil {
		err = fmt.Errorf("it has no spec.predictor")
	}
	return predictor, err
}

func inferenceApply(objects []object, backends []Backend, p Plan) error {
	predictor, err := inferencePredictor(objects[0])
	if err != nil {
		return err
	}
	if err := inferenceVersions(objects[0], backends); err != nil {
		return err
	}
	predictor["canaryTrafficPercent"] = int64(p.Weights[1])
	return nil
}

// inferenceVersions makes sure that there are two revisions to share among,
// and that they are the trial's if it names them.
func inferenceVersions(service object, backends []Backend) error {
	if err := inferenceServerless(service); err != nil {
		return err
	}
	status, err := mapAt(service.Object, "status", "components", "predictor")
	if err != nil {
		return err
	}
	var names [3]string
	for i, key := range []string{"latestReadyRevision", "latestRolledoutRevision", "previousRolledoutRevision"} {
		if names[i], err = textAt(status, key); err != nil {
			return err
		}
	}
	latest, before := names[0], names[1]
	if before == latest { // rolled out and now taken back, as KServe's own reconciler has it
		before = names[2]
	}
	if latest == "" || before == "" {
		return fmt.Errorf("its predictor has had one revision only (latest %q, rolled out before %q): there is nothing to share with", latest, before)
	}
	for v, revision := range []string{before, latest} {
		if name := backends[v].Name; name != "" && name != revision {
			return fmt.Errorf("version %q is revision %q in the trial and %q in the cluster: KServe shares between the latest revision and the one before",
				backends[v].Version, name, revision)
		}
	}
	return nil
}

// inferenceServerless: without Knative KServe takes the field and does nothing.
func inferenceServerless(service object) error {
	status, err := mapAt(service.Object, "status")
	if err != nil {
		return err
	}
	mode, _ := status["deploymentMode"].(string)
	for _, m := range []string{mode, service.GetAnnotations()["serving.kserve.io/deploymentMode"]} {
		if slices.Contains([]string{"RawDeployment", "Standard", "ModelMesh"}, m) {
			return fmt.Errorf("its deployment mode is %s, in which KServe shares no traffic: use its gateway's route, as httproute", m)
		}
	}
	return nil
}

// inferenceLive: the predictor's status says that the latest revision has its
// percent.
func inferenceLive(service object) (bool, string) {
	shares, err := inferenceShares([]object{service}, nil)
	if err != nil {
		return false, err.Error()
	}
	traffic, err := listAt(service.Object, "status", "components", "predictor", "traffic")
	if err != nil {
		return false, err.Error()
	}
	if len(traffic) == 0 {
		return false, "its predictor has no traffic yet"
	}
	latest := 0
	for _, target := range traffic {
		if target["latestRevision"] == true {
			percent, err := countAt(target, "percent", 0)
			if err != nil {
				return false, err.Error()
			}
			latest += percent
		}
	}
	if latest != shares[1] {
		return false, fmt.Sprintf("the latest revision has %d %% of the traffic and should have %d %%", latest, shares[1])
	}
	return true, ""
}
