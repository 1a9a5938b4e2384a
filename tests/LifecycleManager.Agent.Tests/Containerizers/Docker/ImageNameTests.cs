using LifecycleManager.Agent.Containerizers.Docker;

namespace LifecycleManager.Agent.Tests.Containerizers.Docker;

public sealed class ImageNameTests
{
    [Theory]
    [InlineData("busybox", "busybox", "latest", "docker.io")]
    [InlineData("rajeshrv/search-service:1.0", "rajeshrv/search-service", "1.0", "docker.io")]
    [InlineData("localhost:5000/a/b", "localhost:5000/a/b", "latest", "localhost:5000")]
    [InlineData("r.example.com/a:2@sha256:abc", "r.example.com/a", "sha256:abc", "r.example.com")]
    public void An_images_name_has_parts(string name, string repository, string tag, string registry)
    {
        var image = ImageName.Parse(name);
        Assert.Equal((repository, tag, registry), (image.Repository, image.Tag, image.Registry));
    }
}
