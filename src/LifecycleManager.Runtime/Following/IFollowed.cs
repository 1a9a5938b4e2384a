namespace LifecycleManager.Runtime.Following;

/// <summary>Something that is read from files and follows them. For any thread.</summary>
public interface IFollowed
{
    /// <summary>What it is, with its file, as a sentence begins: <c>the credentials file /etc/lcm/credentials.json</c>.</summary>
    string Name { get; }

    /// <summary>What is in force, in words that are no secret; null where there is nothing to tell.</summary>
    string? Description { get; }

    /// <summary>Why the files as they are now are not in force; null where they are.</summary>
    string? Problem { get; }

    /// <summary>Looks at the files again.</summary>
    /// <returns>Whether anything has changed: what is in force, or what is wrong with the files.</returns>
    bool Look();
}
