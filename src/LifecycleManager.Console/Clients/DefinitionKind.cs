namespace LifecycleManager.Console.Clients;

/// <summary>What can be made and edited as a definition: how the scheduler names, reads and takes it.</summary>
/// <param name="Word">What people call it.</param>
/// <param name="Schema">Its schema in the scheduler's document.</param>
/// <param name="Collection">Its path at the scheduler.</param>
/// <param name="Example">What a new one begins with.</param>
public sealed record DefinitionKind(string Word, string Schema, string Collection, string Example)
{
    /// <summary>Apps.</summary>
    public static DefinitionKind App { get; } = new("application", "App", "v2/apps",
        """{"id": "", "cpus": 0.1, "mem": 128, "instances": 1}""");

    /// <summary>Pods.</summary>
    public static DefinitionKind Pod { get; } = new("pod", "Pod", "v2/pods",
        """
        {
          "id": "/pod",
          "scaling": { "kind": "fixed", "instances": 1 },
          "networks": [{ "mode": "host" }],
          "containers": [
            { "name": "main", "exec": { "command": { "shell": "sleep 1000" } }, "resources": { "cpus": 0.1, "mem": 32 } }
          ]
        }
        """);

    /// <summary>Groups, with all that is in them.</summary>
    public static DefinitionKind Group { get; } = new("group", "Group", "v2/groups", """{"id": "/group", "apps": []}""");

    /// <summary>Where a page shows one.</summary>
    public string PageOf(string id) =>
        this == App ? "/ui/apps" + id : this == Pod ? "/ui/pods" : "/ui/groups" + id;

    /// <summary>The call that makes one.</summary>
    public (string Method, string Path) Making => ("POST", "/" + Collection);

    /// <summary>
    /// The call that changes one: what is sent is the whole of it, so that what was taken out of it is not kept.
    /// </summary>
    public (string Method, string Path) Changing(string id, bool force) =>
        ("PUT", $"/{Collection}{id}?{(this == App ? "partialUpdate=false&" : "")}force={(force ? "true" : "false")}");
}
