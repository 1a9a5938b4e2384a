using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace LifecycleManager.Demo.Tests;

public sealed class DemoImageTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Fact]
    public void The_build_puts_the_sample_services_beside_the_demo() =>
        Assert.True(File.Exists(BrownFieldOutput.Program), BrownFieldOutput.Program);

    [Fact]
    public async Task Without_the_samples_the_error_names_the_file_and_what_to_build()
    {
        var e = await Assert.ThrowsAsync<FileNotFoundException>(() =>
            DemoImage.EnsureAsync(new Uri("unix:///nowhere"), "/no/such/place", Stop));

        Assert.Equal("the sample services are not at /no/such/place/BrownField.dll: build tests/BrownField", e.Message);
    }

    [Theory]
    [InlineData(DemoImage.Search, "/search?origin=NYC&destination=SFO", HttpStatusCode.OK)]
    [InlineData(DemoImage.SearchApiGateway, "/api/search?origin=NYC", HttpStatusCode.ServiceUnavailable)]
    [InlineData(DemoImage.Website, "/", HttpStatusCode.OK)]
    public async Task A_container_of_the_image_serves_on_the_port_it_is_told_through_the_bridge(string image, string path,
        HttpStatusCode expected)
    {
        var docker = Server.Docker();
        Assert.Contains(image, await DemoImage.EnsureAsync(docker, BrownFieldOutput.Directory, Stop));
        using var client = new DockerClientBuilder().WithEndpoint(docker).Build();
        var port = Server.FreePort().ToString(CultureInfo.InvariantCulture);
        var container = await client.Containers.CreateContainerAsync(new CreateContainerParameters
        {
            Image = image,
            Env = ["PORT0=" + port],
            ExposedPorts = new Dictionary<string, EmptyStruct> { [port + "/tcp"] = default },
            HostConfig = new HostConfig
            {
                Memory = 256 * 1024 * 1024,
                PortBindings = new Dictionary<string, IList<PortBinding>>
                {
                    [port + "/tcp"] = [new PortBinding { HostIP = "127.0.0.1", HostPort = port }]
                },
            },
        }, Stop);
        try
        {
            await client.Containers.StartContainerAsync(container.ID, new ContainerStartParameters(), Stop);
            using var http = new HttpClient { BaseAddress = new Uri("http://127.0.0.1:" + port) };
            await Eventually.TrueAsync(() => Answers(http, "/admin/health"));

            Assert.Equal(expected, (await http.GetAsync(path, Stop)).StatusCode);
            var metrics = await http.GetFromJsonAsync<JsonObject>("/admin/metrics", Stop);
            Assert.Equal(1, (double)metrics!["gauge.servo.tpm"]!);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/actuator/prometheus", Stop)).StatusCode);

            // Stops by its own will before the engine loses patience: exit code 0, not 137.
            await client.Containers.StopContainerAsync(container.ID, new ContainerStopParameters { WaitBeforeKillSeconds = 20 },
                Stop);
            Assert.Equal(0, (await client.Containers.InspectContainerAsync(container.ID, Stop)).State!.ExitCode);
        }
        finally
        {
            await client.Containers.RemoveContainerAsync(container.ID, new ContainerRemoveParameters { Force = true },
                CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_second_call_makes_no_second_image()
    {
        var docker = Server.Docker();
        using var client = new DockerClientBuilder().WithEndpoint(docker).Build();
        await DemoImage.EnsureAsync(docker, BrownFieldOutput.Directory, Stop);
        var first = (await client.Images.InspectImageAsync(DemoImage.Search, Stop)).ID;

        await DemoImage.EnsureAsync(docker, BrownFieldOutput.Directory, Stop);

        Assert.Equal(first, (await client.Images.InspectImageAsync(DemoImage.Search, Stop)).ID);
    }

    private static async Task<bool> Answers(HttpClient http, string path)
    {
        try
        {
            return (await http.GetAsync(path, Stop)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

}
