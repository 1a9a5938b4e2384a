using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Agent.Tasks;

/// <summary>Holds tasks, whoever's they are, to the agent's rules of admission, with what only this machine knows.</summary>
internal static class TaskAdmission
{
    private const int MaxLinks = 40;

    /// <summary>What of a task is not admitted, or null.</summary>
    public static string? WhyRefused(TaskInfo task, FrameworkInfo framework, AgentOptions options)
    {
        var rules = options.Admission.Rules;
        var isBelieved = rules.Believes(framework.Principal);
        var refusals = MesosTasks.Requests(task, framework, isBelieved)
            .SelectMany(request => rules.Judge(Here(request, framework, options)))
            .Distinct().Select(refusal => $"{refusal.Path}: {refusal.Message}").ToList();
        if (refusals.Count == 0) return null;
        var doubt = isBelieved ? "" : $" (its app is not looked at: '{framework.Principal}' is none of the rules' schedulers)";
        return string.Join("; ", refusals) + doubt;
    }

    private static AdmissionRequest Here(AdmissionRequest request, FrameworkInfo framework, AgentOptions options)
    {
        var user = request.User ?? (!request.IsContainer && options.SwitchUser && framework.User.Length > 0
            ? new Stated("/framework/user", framework.User) : null);
        return request with
        {
            User = user,
            IsRootByNumber = !request.IsContainer && user is { } named && IsRoot(named.Value),
            Volumes = [.. request.Volumes.Select(volume => volume with { Target = TargetOf(volume.HostPath) })],
            AgentPaths = [.. PathsOf(options)],
        };
    }

    private static IEnumerable<string> PathsOf(AgentOptions options)
    {
        yield return Path.GetFullPath(options.WorkDirectory);
        if (options.SecretsDirectory is { } secrets) yield return Path.GetFullPath(secrets);
        if (options.DockerConfig is { } config) yield return Path.GetFullPath(config);
        if ((options.Docker ?? DockerEndpoint.Default) is { Scheme: "unix" } engine) yield return engine.AbsolutePath;
    }

    /// <summary>An account with root's number is root, whatever its name is.</summary>
    private static bool IsRoot(string user)
    {
        try
        {
            return UserAccount.Find(user).Id == 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nobody runs as a user who is not there.
            return false;
        }
    }

    /// <summary>Where a path leads; the root of the machine where its links go round in a circle.</summary>
    private static string TargetOf(string path)
    {
        var target = Path.GetFullPath(path, "/");
        for (var links = 0; links < MaxLinks; links++)
        {
            if (FollowOne(target) is not { } next) return target;
            target = next;
        }

        return "/";
    }

    /// <summary>The path with its first link followed; null where it has none.</summary>
    private static string? FollowOne(string path)
    {
        var at = "/";
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var index = 0; index < parts.Length; index++)
        {
            var next = Path.Join(at, parts[index]);
            string? link;
            try
            {
                link = new FileInfo(next).LinkTarget;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }

            if (link is not null)
                return Path.GetFullPath(Path.Join(Path.GetFullPath(link, at), string.Join('/', parts[(index + 1)..])));
            at = next;
        }

        return null;
    }
}
