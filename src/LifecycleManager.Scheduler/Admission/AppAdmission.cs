using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Pods;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Scheduler.Admission;

/// <summary>Holds apps and pods to rules of admission, and says where in their definition what is not admitted stands.</summary>
internal static class AppAdmission
{
    /// <summary>The judge that some rules are.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="user">As whom tasks run whose app names nobody; empty where the agent decides.</param>
    public static Func<AppDefinition, IReadOnlyList<ChangeProblem>> Judge(AdmissionRules rules, string user) =>
        ReferenceEquals(rules, AdmissionRules.Open) ? static _ => [] : app => Judge(rules, user, app);

    private static IReadOnlyList<ChangeProblem> Judge(AdmissionRules rules, string user, AppDefinition app)
    {
        if (!app.IsPod) return [.. Problems(rules, user, app, app).Select(refusal => Problem(refusal.Path, refusal))];
        var problems = new List<ChangeProblem>();
        for (var index = 0; index < app.Containers.Count; index++)
        {
            foreach (var refusal in Problems(rules, user, app, app.Containers[index].App))
            {
                problems.Add(refusal.Rule is null ? Problem("/", refusal)
                    : Problem($"/containers({index}){InContainer(refusal.Path)}", refusal));
            }
        }

        return [.. problems.Distinct()];
    }

    private static IReadOnlyList<AdmissionRefusal> Problems(
        AdmissionRules rules, string user, AppDefinition whole, AppDefinition task) =>
        rules.Judge(MarathonApps.Request(task.Wire with { Id = whole.Id.Path, Role = whole.Role }, user));

    private static ChangeProblem Problem(string path, AdmissionRefusal refusal) => new(path, refusal.Message);

    private static string InContainer(string path)
    {
        var field = PodNotation.OfContainer.FirstOrDefault(field => path.StartsWith(field.App, StringComparison.Ordinal));
        return field.App is null ? path : field.Pod + path[field.App.Length..];
    }
}
