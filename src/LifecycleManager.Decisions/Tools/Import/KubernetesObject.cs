using LifecycleManager.Decisions.Policies.Reading;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>What HorizontalPodAutoscalers and ScaledObjects have in common: names, target, what a server adds.</summary>
internal static class KubernetesObject
{
    private const string ByServer = "is what the API server or a controller says of the object";

    /// <summary>Opens an object and reads its metadata; null where it has no spec, which is reported.</summary>
    public static (PolicyDraft Draft, Section Spec, Section? Annotations)? Open(YamlMap map, ImportLog log, string from)
    {
        var root = new Section(map, log, "");
        root.Harmless(ByServer, "status");
        _ = (root.Text("apiVersion"), root.Text("kind"));
        var metadata = root.Sub("metadata");
        var (name, space) = (metadata?.Text("name"), metadata?.Text("namespace"));
        metadata?.Harmless(ByServer, "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink",
            "ownerReferences", "finalizers", "generateName", "deletionTimestamp", "deletionGracePeriodSeconds");
        metadata?.Harmless("names the object, and decides no count", "labels");
        var annotations = metadata?.Sub("annotations");
        if (annotations is not null) Passed(annotations);
        var spec = root.Sub("spec");
        var reference = spec?.Sub("scaleTargetRef");
        var target = reference?.Text("name");
        var draft = new PolicyDraft(name ?? target ?? "imported", $"/{space ?? "default"}/{target ?? "app"}", from, log);
        if (spec is null || target is null)
        {
            draft.LeaveOut(root.At, "it needs 'spec.scaleTargetRef.name'");
            return null;
        }

        if (space is null)
            log.Changed(metadata?.At ?? root.At, $"no namespace is given: the app is taken to be {draft.App}");
        _ = reference!.Text("apiVersion");
        if (reference.Text("kind") is { } kind and not "Deployment")
        {
            reference.Wrong("kind", $"is {kind}: the manager scales Deployments of Kubernetes, and apps of Marathon, alone");
        }

        reference.Harmless("names a container for KEDA's environment", "envSourceContainerName");
        return (draft, spec, annotations);
    }

    private static void Passed(Section annotations)
    {
        foreach (var key in annotations.Keys)
        {
            if (key.StartsWith("autoscaling.", StringComparison.Ordinal) || key.Contains("keda.sh/", StringComparison.Ordinal))
                continue;
            annotations.Harmless("is no setting of the autoscaler", key);
        }
    }
}
