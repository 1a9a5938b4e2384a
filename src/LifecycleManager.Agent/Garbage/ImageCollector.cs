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
internal sealed class ImageCollector(string path, DockerEngine engine, TimeProvider time, ILogger log)
{
    private readonly Lock _gate = new();
    private Dictionary<string, DateTimeOffset>? _pulled;

    /// <summary>Notes a pull.</summary>
    public void Pulled(string image) => Change(images => images[image] = time.GetUtcNow());

    /// <summary>Notes that a task uses an image.</summary>
    public void Used(string image) => Change(images =>
    {
        if (images.ContainsKey(image)) images[image] = time.GetUtcNow();
    });

    /// <summary>Removes the images that nobody has used for longer.</summary>
    /// <param name="maxAge">Since the last task that used it began.</param>
    /// <param name="inUse">The images of the tasks that are there.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task CollectAsync(TimeSpan maxAge, IReadOnlySet<string> inUse, CancellationToken cancellation)
    {
        List<string> old;
        lock (_gate) old = [.. Images().Where(image => !inUse.Contains(image.Key) && time.GetUtcNow() - image.Value > maxAge).Select(image => image.Key)];
        foreach (var image in old)
        {
            try
            {
                await engine.CallAsync((client, token) => client.Images.DeleteImageAsync(image, new ImageDeleteParameters { Force = false }, token), cancellation);
                log.LogInformation("Removed the image {Image}, which nobody has used for {Age}", image, maxAge);
                Change(images => images.Remove(image));
            }
            catch (DockerApiException e) when (DockerEngine.IsNotFound(e))
            {
                Change(images => images.Remove(image));
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                log.LogInformation("The image {Image} stays: {Reason}", image, DockerEngine.Reason(e));
            }
        }
    }

    private void Change(Action<Dictionary<string, DateTimeOffset>> change)
    {
        lock (_gate)
        {
            change(Images());
            try
            {
                DurableFile.Write(path, _pulled!, ImageJson.Default.DictionaryStringDateTimeOffset);
            }
            catch (IOException e)
            {
                log.LogWarning("The list of pulled images cannot be written: {Reason}", e.Message);
            }
        }
    }

    // Of a damaged list the images stay, since nobody knows any more whose they are.
    private Dictionary<string, DateTimeOffset> Images() =>
        _pulled ??= DurableFile.Read(path, ImageJson.Default.DictionaryStringDateTimeOffset) ?? [];
}

[JsonSerializable(typeof(Dictionary<string, DateTimeOffset>))]
internal sealed partial class ImageJson : JsonSerializerContext;
