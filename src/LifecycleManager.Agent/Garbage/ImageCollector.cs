using System.Text.Json.Serialization;
using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers.Docker;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Garbage;

/// <summary>
/// Removes images that this agent has pulled and nobody has used for long. Images of others are never touched, and the
/// engine itself refuses to remove one that a container uses.
/// </summary>
/// <param name="directory">Where the agent keeps which images it has pulled, and how long ago each was last used.</param>
/// <param name="engine">The engine.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told what is removed.</param>
internal sealed class ImageCollector(string directory, DockerEngine engine, TimeProvider time, ILogger log) : IImageUse
{
    private readonly Lock _gate = new();
    private AgeTable? _ages;

    /// <inheritdoc/>
    public void Pulled(string image) => Change(images => images.Begin(image));

    /// <inheritdoc/>
    public void Used(string image) => Change(images =>
    {
        if (images.Has(image)) images.Begin(image);
    });

    /// <summary>Removes the images that nobody has used for longer.</summary>
    /// <param name="maxAge">Since the last task that used it began.</param>
    /// <param name="inUse">The images of the tasks that are there.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task CollectAsync(TimeSpan maxAge, IReadOnlySet<string> inUse, CancellationToken cancellation)
    {
        List<string> old = [];
        Change(images => old = [.. images.Names.Where(image => !inUse.Contains(image)).ToList()
            .Where(image => images.Age(image) > maxAge)]);
        foreach (var image in old)
        {
            try
            {
                await engine.CallAsync(
                    (client, token) => client.Images.DeleteImageAsync(image, new ImageDeleteParameters { Force = false }, token),
                    cancellation);
                log.LogInformation("Removed the image {Image}, which nobody has used for {Age}", image, maxAge);
                Change(images => images.Forget(image));
            }
            catch (DockerApiException e) when (DockerEngine.IsNotFound(e))
            {
                Change(images => images.Forget(image));
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                log.LogInformation("The image {Image} stays: {Reason}", image, DockerEngine.Reason(e));
            }
        }
    }

    private void Change(Action<AgeTable> change)
    {
        lock (_gate)
        {
            var images = _ages ??= Load();
            change(images);
            try
            {
                images.Save();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.LogWarning("The list of pulled images cannot be written: {Reason}", e.Message);
            }
        }
    }

    // Of a damaged list the images stay, since nobody knows any more whose they are.
    private AgeTable Load()
    {
        var path = Path.Combine(directory, "image-ages.json");
        var isNew = !File.Exists(path);
        var ages = new AgeTable(path, time);
        // Version 0.1.0 kept the wall clock's time of the last use: its images are as good as just used.
        var former = isNew ? DurableFile.Read(Path.Combine(directory, "images.json"),
            ImageJson.Default.DictionaryStringDateTimeOffset) : null;
        foreach (var image in former?.Keys.ToList() ?? []) ages.Begin(image);
        return ages;
    }
}

[JsonSerializable(typeof(Dictionary<string, DateTimeOffset>))]
internal sealed partial class ImageJson : JsonSerializerContext;
